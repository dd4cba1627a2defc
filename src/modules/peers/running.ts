import type { PeersChanges } from '../../model/changes.ts';
import type { PeerEntry, PeersSection } from '../../model/peers-section.ts';
import type { PeerState } from '../../model/peers-state.ts';

/** The peers of the running worker (`show peers`), or `undefined` when it cannot be asked. */
export type RunningPeers = (signal: AbortSignal) => Promise<readonly PeerState[] | undefined>;

/**
 * Whether the running worker has the entries of `section`. Names always count; addresses only where both sides
 * write them in one way, which rules out our own entry (`0.0.0.0`) and IPv6.
 */
export function sameAsRunning(section: PeersSection, running: readonly PeerState[]): boolean {
  if (section.entries.length !== running.length) return false;
  const peers = new Map(running.map((peer) => [peer.name, peer]));
  return section.entries.every((entry) => {
    const peer = peers.get(entry.name) ?? running.find((each) => isUnnamed(entry, each));
    return peer !== undefined && (peer.local || sameAddress(entry, peer.address));
  });
}

/**
 * Whether the running worker still has the state before `changes`: every name that can be compared shows this, and
 * none shows the opposite. An unknown name, and the address of the local peer, which is shown as bound, prove nothing.
 */
export function provesUnloaded(changes: PeersChanges, running: readonly PeerState[]): boolean {
  const peers = new Map(running.map((peer) => [peer.name, peer]));
  const told = ({ variable }: PeerEntry) => variable !== 'unset';
  const proofs = [
    ...changes.add.filter(told).map(({ name }) => !peers.has(name)),
    ...changes.remove.filter(told).map(({ name }) => peers.has(name)),
    ...changes.update.filter(told).flatMap((entry) => {
      const peer = peers.get(entry.name);
      return peer === undefined || peer.local ? [] : [!sameAddress(entry, peer.address)];
    }),
  ];
  return proofs.length > 0 && proofs.every((isMissing) => isMissing);
}

/** An entry whose variable is not set here has a name that only HAProxy knows. */
function isUnnamed(entry: PeerEntry, peer: PeerState): boolean {
  return entry.variable === 'unset' && sameAddress(entry, peer.address);
}

function sameAddress({ address, port }: PeerEntry, shown: string): boolean {
  return address.includes(':') || shown === `${address}:${port}`;
}
