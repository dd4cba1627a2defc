import { gathering } from './delays.ts';
import type { Facts } from './facts.ts';
import { type CodedFinding, over, type Rule } from './rule.ts';
import { awaySince, lookAgainMs, siblingSessions } from './sibling-sessions.ts';

/** Large tables lengthen the time that all replicas have for their turns by this many handovers. */
const handoversInLimit = 5;
/**
 * Whoever goes first and has not begun, on busy cores or because it has nothing to load, is waited for this many turns more:
 * two who wait for the same one go one after another then. With 3, a rolling update took 0.6 s a replica longer.
 */
const patience = 1;
const myTurn: CodedFinding = { ...over, code: 'turn' };
const siblingsFirst = { reason: 'siblings go first', code: 'turn' } as const;

/** When nothing but the turn was left to wait for. */
interface Since {
  /** For this replica. */
  readonly ownMs: number;
  /** For those who had nothing but the burst to wait for. */
  readonly gatheredMs: number;
}

interface Turn {
  /** When the turns begin, and this replica's own. */
  readonly beginMs: number;
  readonly turnMs: number;
  /** It has missed the turns that all have together, and goes by itself. */
  readonly late: boolean;
  readonly apartMs: number;
  readonly limitMs: number;
  /** Names of those who go before. */
  readonly earlier: readonly string[];
}

function turnOf(facts: Facts, met: readonly string[], { ownMs, gatheredMs }: Since): Turn {
  const { selfName, settings, handoverMs, hurried } = facts;
  const earlier = met.filter((name) => name < selfName);
  const limitMs = settings.staggerLimitMs + handoversInLimit * handoverMs;
  const mostMs = limitMs / Math.max(1, met.length);
  // On busy cores a change takes seconds until its reload: what has no hurry takes all the time there is.
  const apartMs = hurried ? Math.min(settings.staggerMs + handoverMs, mostMs) : mostMs;
  const at = (beginMs: number): Turn => {
    const turnMs = beginMs + earlier.length * apartMs;
    return { beginMs, turnMs, late: false, apartMs, limitMs, earlier };
  };
  if (met.length === 0) return at(ownMs);
  if (!hurried) return at(commonDate(facts, limitMs, ownMs));
  const common = commonBegin(facts, { gatheredMs, apartMs, turns: met.length });
  const turn = at(common ?? ownMs);
  const lateMs = ownMs - (common === null ? gatheredMs : turn.turnMs);
  if (lateMs <= 2 * lookAgainMs) return common === null ? turn : at(common + Math.max(0, lateMs));
  return {
    ...at(ownMs),
    turnMs: ownSlot(facts, common ?? gatheredMs, at(ownMs).turnMs),
    late: true,
  };
}

/**
 * When those who reloaded in their turns for the burst before begin with this one. Their reload intervals end in the order
 * of these turns, so each has its turn again when its own is over. Who was let in with that burst has not reloaded, knows
 * of no interval, and has its turn before them. Null: this replica had no turn with the others.
 */
function commonBegin(
  { history: { lastBeganMs }, settings }: Facts,
  { gatheredMs, apartMs, turns }: Readonly<Record<'gatheredMs' | 'apartMs' | 'turns', number>>,
): number | null {
  if (lastBeganMs === null) return null;
  const intervalMs = lastBeganMs + settings.minReloadIntervalMs + patience * apartMs;
  if (intervalMs <= gatheredMs + 2 * lookAgainMs) return gatheredMs;
  return Math.max(intervalMs, gatheredMs + turns * apartMs);
}

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
export function orderOf(facts: Facts, since: Since): CodedFinding {
  const { history, memberNames, observed, settings, nowMs } = facts;
  const { met, missing, behind } = siblingSessions(observed, history, memberNames, settings);
  const { beginMs, turnMs, late, apartMs, limitMs, earlier } = turnOf(facts, met, since);
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
  const first = earlier.filter((name) => !hasBegun(facts, name, nowMs - beginMs));
  // A date of its own is nobody else's: later ones are.
  if (first.length === 0 || late) return myTurn;
  const againMs = (history.siblingWaitMs ?? 0) + first.length * apartMs;
  const patientMs = turnMs + first.length * patience * Math.min(settings.staggerMs, apartMs);
  const untilMs = Math.min(Math.max(againMs, patientMs), lastLimit);
  return untilMs <= nowMs ? myTurn : { untilMs: soon(untilMs), ...siblingsFirst };
}

/** Siblings first. Asked when nothing of this replica is left to wait for. */
export const order: readonly Rule[] = [
  {
    codes: ['turn', 'not-connected', 'siblings-behind'],
    check: (facts) =>
      orderOf(facts, { ownMs: dueSince(facts), gatheredMs: gathering(facts).untilMs }),
  },
];

/** When the turns began that this replica has its own of; null: it goes by itself. */
export function beganMs(facts: Facts): number | null {
  if (!facts.joins) return null;
  const { met } = siblingSessions(facts.observed, facts.history, facts.memberNames, facts.settings);
  const since = { ownMs: dueSince(facts), gatheredMs: gathering(facts).untilMs };
  const { late, beginMs } = turnOf(facts, met, since);
  return late ? null : beginMs;
}

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
export function dueSince({ history, hurried, settings, nowMs }: Facts): number {
  const foretoldMs = Math.min(history.blockedUntilMs, nowMs);
  const lateMs = hurried ? Math.max(hurriedLateMs, settings.staggerMs) : settings.staggerMs;
  if (nowMs - foretoldMs > lateMs && history.missedTurns < missedLimit) return nowMs;
  return history.dueMs ?? foretoldMs;
}

/**
 * All hear of who joins in the same moment, and begin then. What has no hurry may be due for reasons of this replica: it
 * saw a renewed certificate by itself, or its sidecar has started later. Two that reload within the same tenth of a second
 * cannot see each other, so all begin at a date they have in common: the clock's next multiple of a time in which all can
 * have had their turns twice. Clocks that differ cost no more than that.
 */
function commonDate({ wallAheadMs, settings }: Facts, limitMs: number, ownMs: number): number {
  const { staggerLimitMs } = settings;
  if (staggerLimitMs <= 0) return ownMs;
  return nextDate(ownMs, { everyMs: 2 * powerOf(staggerLimitMs, limitMs), wallAheadMs });
}

/** `unitMs` times a power of two, at least `leastMs`: tables differ a little between replicas, and their dates must not. */
function powerOf(unitMs: number, leastMs: number): number {
  return unitMs * 2 ** Math.ceil(Math.log2(leastMs / unitMs));
}

interface Dates {
  readonly everyMs: number;
  /** After each multiple of `everyMs`. */
  readonly offsetMs?: number;
  readonly wallAheadMs: number;
}

/** The first of these dates of the clock that all have in common, from `leastMs` on. */
function nextDate(leastMs: number, { everyMs, offsetMs = 0, wallAheadMs }: Dates): number {
  const sinceMs = (leastMs + wallAheadMs - offsetMs) % everyMs;
  return leastMs + ((everyMs - sinceMs) % everyMs);
}

/**
 * An addition that something of this replica has kept (its Data Plane API failed, it had reloaded just before) does not
 * begin with the others. It waits until they have had their turns, and then goes at a date that is its own: all dates are
 * divided among the members in the order of their names, so that two who are late for reasons of their own, and cannot
 * see each other begin, are a turn apart all the same.
 */
function ownSlot(
  { memberNames, selfName, wallAheadMs, handoverMs, settings }: Facts,
  gatheredMs: number,
  inOrderMs: number,
): number {
  const { staggerMs, staggerLimitMs } = settings;
  if (staggerMs <= 0) return inOrderMs;
  const names = [...memberNames].sort();
  const turnMs = powerOf(staggerMs, staggerMs + handoverMs);
  const roundMs = Math.min(names.length * turnMs, 2 * staggerLimitMs + handoversInLimit * turnMs);
  const offsetMs = (Math.max(0, names.indexOf(selfName)) / names.length) * roundMs;
  const leastMs = Math.max(inOrderMs, gatheredMs + roundMs);
  return nextDate(leastMs, { everyMs: roundMs, offsetMs, wallAheadMs });
}

/** Did its session begin within that time, to a second? It has had its turn then. */
function hasBegun({ state }: Facts, name: string, withinMs: number): boolean {
  const seconds = state?.peers.find((peer) => peer.name === name)?.sessionSeconds;
  return seconds !== undefined && seconds * 1000 <= withinMs;
}
