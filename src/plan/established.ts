import type { Observed } from './gate.ts';

/** Names of the remote peers with a live session. */
export function establishedNames(observed: Observed): ReadonlySet<string> {
  const peers = observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
  return new Set(peers.filter((peer) => peer.established).map((peer) => peer.name));
}
