import { isIP } from 'node:net';

/** Address and port as HAProxy writes them, `ADDR:PORT`: the last colon is the port's, IPv6 has no brackets. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Reads `10.0.0.1:3000`, `fd00::1:3000`, `[fd00::1]:3000`, `ipv6@fd00::1:3000`, `:3000`; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:ipv[46]@|tcp[46]?@)?(?:\[([^\]]*)\]|(.*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? 0);
  if (match === null || port < 1 || port > 65_535) return undefined;
  return { address: match[1] ?? match[2] ?? '', port };
}

/**
 * `ADDR:PORT`, IPv6 in brackets: HAProxy 2.4 to 3.4 read both forms, and only the bracketed one cannot be
 * mistaken for an address without a port.
 */
export function formatEndpoint({ address, port }: Endpoint): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
