import type { Self } from '../../model/member.ts';
import type { PeerEntry } from '../../model/peers-section.ts';

/**
 * The peers of a StatefulSet of `count` replicas, without this one, at an address where nothing listens: port 1 of the
 * loopback, which refuses at once and sends nothing over the network. HAProxy accepts a peer by its name alone, so the
 * line admits the pod whatever its address will be (haproxy src/peers.c, peer_io_handler; seen with 2.6, 3.0, 3.4).
 */
export function expectedPeers(self: Self, count: number): readonly PeerEntry[] {
  const base = /^(?<base>.+)-\d+$/.exec(self.name)?.groups?.base;
  if (base === undefined) return [];
  const address = self.address.includes(':') ? '::1' : '127.0.0.1';
  return Array.from({ length: count }, (_, ordinal) => `${base}-${ordinal}`)
    .filter((name) => name !== self.name)
    .map((name) => ({ name, address, port: 1 }));
}
