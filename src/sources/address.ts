import { isIP, SocketAddress } from 'node:net';

/** The one spelling of an IP address (IPv6 lower case and shortened, no brackets); undefined when it is none, or has a zone. */
export function canonicalAddress(text: string): string | undefined {
  const bare = text.trim().replace(/^\[(.*)\]$/, '$1');
  const family = isIP(bare);
  if (family === 0 || bare.includes('%')) return undefined;
  if (family === 4) return bare;
  return new SocketAddress({ address: bare, family: 'ipv6' }).address;
}

/** 4 or 6; 0 for what is no address. */
export function familyOf(address: string): number {
  return isIP(address);
}
