import type { GateSettings, Observed } from './gate.ts';

/** Names of the remote peers with a live session. */
export function establishedNames(observed: Observed): ReadonlySet<string> {
  const peers = observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
  return new Set(peers.filter((peer) => peer.established).map((peer) => peer.name));
}

/** Of those in `met`: who is not connected, and who is and has not been sent yet what was written here. */
export function companyOf(
  observed: Observed,
  met: readonly string[],
  { behindUpdates }: Pick<GateSettings, 'behindUpdates'>,
): { readonly missing: readonly string[]; readonly behind: readonly string[] } {
  const peers = observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
  const connected = new Map(
    peers.filter((peer) => peer.established).map((peer) => [peer.name, peer]),
  );
  return {
    missing: met.filter((name) => !connected.has(name)),
    behind: met.filter((name) => (connected.get(name)?.behind ?? 0) > behindUpdates),
  };
}
