import type { PeerState } from '../model/peers-state.ts';
import type { GateSettings, Observed } from './gate.ts';

/** Names of the remote peers with a live session. */
export function establishedNames(observed: Observed): ReadonlySet<string> {
  const peers = observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
  return new Set(peers.filter((peer) => peer.established).map((peer) => peer.name));
}

/**
 * Of those in `met`: who is not connected, and who is and does not have yet what was written here: it was not sent, or
 * was sent to somebody who has just begun and has not confirmed it. HAProxy does not always show what is confirmed, so
 * that is believed after the time it takes.
 */
export function companyOf(
  observed: Observed,
  met: readonly string[],
  { behindUpdates, updateRate }: Pick<GateSettings, 'behindUpdates' | 'updateRate'>,
): { readonly missing: readonly string[]; readonly behind: readonly string[] } {
  const peers = observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
  const connected = new Map(
    peers.filter((peer) => peer.established).map((peer) => [peer.name, peer]),
  );
  const isBehind = ({ behind = 0, unconfirmed = 0, updates = 0, ...peer }: PeerState) => {
    if (behind > behindUpdates) return true;
    // Of all updates, not of what is left: it confirms some while it still takes the others.
    const neededSeconds = Math.floor(updates / updateRate);
    return unconfirmed > behindUpdates && (peer.sessionSeconds ?? Infinity) < neededSeconds;
  };
  return {
    missing: met.filter((name) => !connected.has(name)),
    behind: met.filter((name) => {
      const peer = connected.get(name);
      return peer !== undefined && isBehind(peer);
    }),
  };
}
