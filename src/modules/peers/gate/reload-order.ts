import { type CodedFinding, over, type Rule } from '../../../gate/rule.ts';
import { gathering } from './delays.ts';
import type { PeersFacts } from './facts.ts';
import { awaySince, lookAgainMs, siblingSessions } from './sibling-sessions.ts';
import { type Since, turnOf } from './turn.ts';

/**
 * How many turns more to wait for an earlier replica that has not begun, because of busy cores or because it has
 * nothing to load. Replicas that wait for the same one then still go one after another. With 3, a rolling update took
 * 0.6 s per replica longer.
 */
const patience = 1;
const myTurn: CodedFinding = { ...over, code: 'turn' };
const siblingsFirst = { reason: 'peers reload first', code: 'turn' } as const;

/**
 * Replicas reload in the order of their names. What a replica writes while a sibling reloads reaches that sibling once
 * it is connected again, but not if the replica itself reloads first: its new worker takes over the entries as
 * learned, and does not push learned entries. (Measured at 3,000 new keys a second: after reloads 0.7 s apart, 811
 * keys of one replica were missing on two others.) So each replica waits until the siblings it has met are connected
 * and have received what was written meanwhile. Replicas that have waited for the same sibling again go one after
 * another. With larger tables a sibling is away for longer: with turns of 0.3 s, three replicas with 1,000,000 entries
 * reloaded at the same time, and 270 to 680 keys of some were missing on others.
 */
export function orderOf(facts: PeersFacts, since: Since): CodedFinding {
  const { history, memberNames, observed, settings, nowMs } = facts;
  const { met, missing, behind } = siblingSessions(observed, history, memberNames, settings);
  const turn = turnOf(facts, met, since);
  const { beginMs, turnMs, apartMs, limitMs, dateFrom } = turn;
  if (turnMs > nowMs) return { untilMs: turnMs, ...siblingsFirst };
  const limit = turnMs + limitMs;
  const soon = (until: number) => Math.min(nowMs + lookAgainMs, until);
  if (missing.length > 0 && nowMs < limit) {
    const away = awaySince(facts, missing, limit, 'not connected at the moment');
    return { ...away, code: 'not-connected' };
  }
  // A sibling that connected at the last moment gets the same time again.
  const lastLimit = limit + limitMs;
  if (nowMs >= lastLimit) return myTurn;
  if (behind.length > 0) {
    const reason = `has not yet received what was written here: ${behind.join(', ')}`;
    return { untilMs: soon(lastLimit), reason, code: 'siblings-behind' };
  }
  const first = turn.earlier.filter((name) => !hasBegun(facts, name, nowMs - beginMs));
  if (first.length === 0 && dateFrom === undefined) return myTurn;
  const waitedMs = history.siblingWaitMs ?? 0;
  const againMs = dateFrom?.(Math.max(turnMs, waitedMs)) ?? waitedMs + first.length * apartMs;
  const patientMs = turnMs + first.length * patience * Math.min(settings.staggerMs, apartMs);
  const untilMs = Math.min(Math.max(againMs, patientMs), lastLimit);
  return untilMs <= nowMs ? myTurn : { untilMs: soon(untilMs), ...siblingsFirst };
}

export const order: readonly Rule<PeersFacts>[] = [
  {
    codes: ['turn', 'not-connected', 'siblings-behind'],
    check: (facts) => {
      const dueMs = dueSince(facts);
      return { ...orderOf(facts, { ownMs: dueMs, gatheredMs: gathering(facts).untilMs }), dueMs };
    },
  },
];

/** For urgent reloads: on busy cores a check may be this late. */
const hurriedLateMs = 1000;
/** A replica that is always late must reload at some point. */
const missedLimit = 3;

/**
 * Since when only the turn is left to wait for: the time at which the last check predicted its reason to end, or now.
 * If that time is long past, this replica was delayed by a Data Plane API that hung or a node that stood still,
 * perhaps like others. It has missed its turn, and another turn begins.
 */
export function dueSince({ history, hurried, settings, nowMs }: PeersFacts): number {
  const foretoldMs = Math.min(history.blockedUntilMs, nowMs);
  const lateMs = hurried ? Math.max(hurriedLateMs, settings.staggerMs) : settings.staggerMs;
  if (nowMs - foretoldMs > lateMs && history.missedTurns < missedLimit) return nowMs;
  return history.dueMs ?? foretoldMs;
}

/** Whether its session began within that time, to a second. If so, it has had its turn. */
function hasBegun({ state }: PeersFacts, name: string, withinMs: number): boolean {
  const seconds = state?.peers.find((peer) => peer.name === name)?.sessionSeconds;
  return seconds !== undefined && seconds * 1000 <= withinMs;
}
