import { type CodedFinding, over, type Rule } from '../../../gate/rule.ts';
import { gathering } from './delays.ts';
import type { PeersFacts } from './facts.ts';
import { awaySince, lookAgainMs, siblingSessions } from './sibling-sessions.ts';
import { type Since, turnOf } from './turn.ts';

/**
 * Whoever goes first and has not begun, on busy cores or because it has nothing to load, is waited for this many turns more:
 * two who wait for the same one go one after another then. With 3, a rolling update took 0.6 s a replica longer.
 */
const patience = 1;
const myTurn: CodedFinding = { ...over, code: 'turn' };
const siblingsFirst = { reason: 'siblings go first', code: 'turn' } as const;

/**
 * What a replica writes while a sibling is away for a reload reaches that sibling when it is connected again; unless
 * the replica itself reloads before, because its new worker takes over what it has learned from the old one without
 * pushing it (measured at 3,000 new keys a second: 811 keys of one replica missing on two others, after reloads
 * 0.7 s apart). So they go in the order of their names, and each waits until those it has met are connected, and have
 * what was written meanwhile: being connected is not having it. Those that have waited for the same sibling go one after
 * another again, and a sibling that is late is waited for. The larger the tables, the longer a sibling is away and
 * busy: 0.3 s apart, three replicas with 1,000,000 entries were all in the middle of a change, and 270 to 680 keys of
 * some were missing on others.
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
  // Who has connected at the last moment needs a time for that, too.
  const lastLimit = limit + limitMs;
  if (nowMs >= lastLimit) return myTurn;
  if (behind.length > 0) {
    const reason = `has not got yet what was written here: ${behind.join(', ')}`;
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

/** Of what is hurried: on busy cores a look may take as long. */
const hurriedLateMs = 1000;
/** A replica that always looks too late has to go some time. */
const missedLimit = 3;

/**
 * When nothing but the turn was left for this replica to wait for: what was in the way at the look before has ended when
 * that look has foretold, or just now. What was foretold and is long over has not been waited for: a Data Plane API that
 * hung, or a node that stood still, kept this replica, and maybe others until the same moment. The turn is over then, and
 * another one begins.
 */
export function dueSince({ history, hurried, settings, nowMs }: PeersFacts): number {
  const foretoldMs = Math.min(history.blockedUntilMs, nowMs);
  const lateMs = hurried ? Math.max(hurriedLateMs, settings.staggerMs) : settings.staggerMs;
  if (nowMs - foretoldMs > lateMs && history.missedTurns < missedLimit) return nowMs;
  return history.dueMs ?? foretoldMs;
}

/** Did its session begin within that time, to a second? It has had its turn then. */
function hasBegun({ state }: PeersFacts, name: string, withinMs: number): boolean {
  const seconds = state?.peers.find((peer) => peer.name === name)?.sessionSeconds;
  return seconds !== undefined && seconds * 1000 <= withinMs;
}
