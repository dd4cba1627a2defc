import type { PeerState } from '../model/peers-state.ts';
import type { GateSettings, History, Observed } from './facts.ts';

/** All that HAProxy shows, the local peer too; none while it does not answer. */
export function peersOf(observed: Observed): readonly PeerState[] {
  return observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
}

/** Names of the remote peers with a live session. */
export function establishedNames(observed: Observed): ReadonlySet<string> {
  return new Set(
    peersOf(observed)
      .filter((peer) => peer.established)
      .map((peer) => peer.name),
  );
}

type CompanySettings = Pick<GateSettings, 'behindUpdates' | 'updateRate'>;

/** Names. */
export interface Company {
  /** Everybody who has ever been connected, and is still a member. */
  readonly met: readonly string[];
  /** Of those, who is not connected. */
  readonly missing: readonly string[];
  /** Of those, who is connected and does not have yet what was written here. */
  readonly behind: readonly string[];
}

export function companyOf(
  observed: Observed,
  history: Pick<History, 'met'>,
  memberNames: ReadonlySet<string>,
  settings: CompanySettings,
): Company {
  const peers = new Map(peersOf(observed).map((peer) => [peer.name, peer]));
  const met = [...history.met].filter((name) => memberNames.has(name));
  const isThere = (name: string) => peers.get(name)?.established === true;
  return {
    met,
    missing: met.filter((name) => !isThere(name)),
    behind: met.filter((name) => isThere(name) && isBehind(peers.get(name), settings)),
  };
}

/**
 * It was not sent what was written here, or was sent it just now and has not confirmed it. HAProxy does not always show
 * what is confirmed, so that is believed after the time that all updates take; not those that are left: it confirms
 * some while it still takes the others.
 */
function isBehind(
  peer: PeerState | undefined,
  { behindUpdates, updateRate }: CompanySettings,
): boolean {
  const { behind = 0, unconfirmed = 0, updates = 0, sessionSeconds = Infinity } = peer ?? {};
  if (behind > behindUpdates) return true;
  return unconfirmed > behindUpdates && sessionSeconds < Math.floor(updates / updateRate);
}
