import { type Finding, over } from '../../../gate/rule.ts';
import type { Observed } from '../../../model/observed.ts';
import type { PeerState } from '../../../model/peers-state.ts';
import type { History, PeersFacts, PeersGateSettings } from './facts.ts';

/** How often siblings that are away or behind are checked, in milliseconds. */
export const lookAgainMs = 100;

/** Waits for those of `names` that have no session, until `limitMs` at the latest. */
export function awaySince(
  { established, nowMs }: Pick<PeersFacts, 'established' | 'nowMs'>,
  names: readonly string[],
  limitMs: number,
  why: string,
): Finding {
  const missing = names.filter((name) => !established.has(name));
  if (missing.length === 0) return over;
  return {
    untilMs: Math.min(nowMs + lookAgainMs, limitMs),
    reason: `${why}: ${missing.join(', ')}`,
  };
}

type SessionSettings = Pick<PeersGateSettings, 'behindUpdates' | 'updateRate'>;

/** The siblings that this replica was ever connected to, and the state of their sessions. */
export interface SiblingSessions {
  /** All members that were ever connected. */
  readonly met: readonly string[];
  /** Those of them that are not connected. */
  readonly missing: readonly string[];
  /** Those of them that are connected and have not yet received what was written here. */
  readonly behind: readonly string[];
}

export function siblingSessions(
  observed: Observed,
  history: Pick<History, 'met'>,
  memberNames: ReadonlySet<string>,
  settings: SessionSettings,
): SiblingSessions {
  const peers = new Map(
    observed.kind === 'up' ? observed.state?.peers.map((peer) => [peer.name, peer]) : [],
  );
  const met = [...history.met].filter((name) => memberNames.has(name));
  const isThere = (name: string) => peers.get(name)?.established === true;
  return {
    met,
    missing: met.filter((name) => !isThere(name)),
    behind: met.filter((name) => isThere(name) && isBehind(peers.get(name), settings)),
  };
}

/**
 * Whether updates written here were not sent to it, or were sent just now and are not confirmed. HAProxy does not
 * always show confirmations, so unconfirmed updates count as received after the time that all updates take. A partial
 * count does not, because HAProxy confirms some updates while it still takes the others.
 */
function isBehind(
  peer: PeerState | undefined,
  { behindUpdates, updateRate }: SessionSettings,
): boolean {
  const { behind = 0, unconfirmed = 0, updates = 0, sessionSeconds = Infinity } = peer ?? {};
  if (behind > behindUpdates) return true;
  return unconfirmed > behindUpdates && sessionSeconds < Math.floor(updates / updateRate);
}
