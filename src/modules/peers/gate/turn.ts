import type { PeersFacts } from './facts.ts';
import { lookAgainMs } from './sibling-sessions.ts';

/** Large tables lengthen the time that all replicas have for their turns by this many handovers. */
const handoversInLimit = 5;

/** When nothing but the turn was left to wait for. */
export interface Since {
  /** For this replica. */
  readonly ownMs: number;
  /** For those who had nothing but the burst to wait for. */
  readonly gatheredMs: number;
}

/** When a replica may reload, if its siblings are there. */
export interface Turn {
  /** When the turns began that this is one of. */
  readonly beginMs: number;
  readonly turnMs: number;
  /** Turns are that far apart. */
  readonly apartMs: number;
  /** How long siblings are waited for. */
  readonly limitMs: number;
  /** Names of those who go before; empty where dates keep all apart. */
  readonly earlier: readonly string[];
  /** Where it goes by dates of its own: the first of them from that moment on. */
  readonly dateFrom?: (leastMs: number) => number;
}

/**
 * Of `met`, in the order of names after a moment that all have in common, or at a date that is this replica's own. All hear
 * of who joins in the same moment, and their turns begin then, unless somebody has a reload interval that is not over or
 * had something else in the way: it would begin later than others, who do not know, and meet one of them.
 */
export function turnOf(
  facts: PeersFacts,
  met: readonly string[],
  { ownMs, gatheredMs }: Since,
): Turn {
  const { selfName, settings, handoverMs, hurried, history } = facts;
  const limitMs = settings.staggerLimitMs + handoversInLimit * handoverMs;
  const mostMs = limitMs / Math.max(1, met.length);
  // On busy cores a change takes seconds until its reload: what has no hurry takes all the time there is.
  const apartMs = hurried ? Math.min(settings.staggerMs + handoverMs, mostMs) : mostMs;
  const inOrder = (beginMs: number): Turn => {
    const earlier = met.filter((name) => name < selfName);
    return { beginMs, turnMs: beginMs + earlier.length * apartMs, apartMs, limitMs, earlier };
  };
  if (met.length === 0) return inOrder(ownMs);
  if (!hurried) return inOrder(commonDate(facts, limitMs, ownMs));
  const isKept = ownMs - gatheredMs > 2 * lookAgainMs;
  // Heard after the limit of the burst: everybody's turn is another one, at once.
  const isNew = history.changedAtMs > gatheredMs;
  const soon = isSoon(facts);
  if (!soon && !isNew && !isKept) return inOrder(ownMs);
  // Who was kept goes when all others have had their turns. Names that come without end move all dates, for so long only.
  const lastMs = history.joinSinceMs + settings.burstLimitMs + limitMs;
  const commonMs = soon || isNew ? Math.min(history.changedAtMs, lastMs) : gatheredMs + limitMs;
  const leastMs = Math.max(ownMs, commonMs);
  const dateFrom = (ms: number) => ownDate(facts, ms);
  const turnMs = dateFrom(leastMs);
  // Whom a sibling keeps from its date waits for the next one, and for siblings then, too.
  return { beginMs: ownMs, turnMs, apartMs, limitMs: 2 * limitMs, earlier: [], dateFrom };
}

/** HAProxy tells in whole seconds how old a session is. */
const vagueMs = 1000;

/** When this was heard of, somebody had reloaded or started so recently that a reload interval may not be over. */
function isSoon({ history, settings }: PeersFacts): boolean {
  const { changedAtMs, lastSessionAtMs, lastReloadAtMs } = history;
  const lastMs = Math.max(lastSessionAtMs, lastReloadAtMs ?? lastSessionAtMs);
  const agoMs = changedAtMs + settings.burstWindowMs - lastMs;
  return agoMs < settings.minReloadIntervalMs + vagueMs;
}

/**
 * What has no hurry may be due for reasons of this replica: it saw a renewed certificate by itself, or its sidecar has
 * started later. Two that reload within the same tenth of a second cannot see each other, so all begin at a date they have
 * in common: the clock's next multiple of a time in which all can have had their turns twice. Clocks that differ cost no
 * more than that.
 */
function commonDate({ wallAheadMs, settings }: PeersFacts, limitMs: number, ownMs: number): number {
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
 * All dates are divided among the members in the order of their names, so that two who begin for reasons of their own, and
 * cannot see each other do so, are a turn apart all the same.
 */
function ownDate(
  { allNames, selfName, wallAheadMs, handoverMs, settings }: PeersFacts,
  leastMs: number,
): number {
  const { staggerMs, staggerLimitMs } = settings;
  const names = [...allNames].sort();
  const unitMs = Math.max(1, staggerMs);
  const turnMs = powerOf(unitMs, Math.max(unitMs, staggerMs / 2 + handoverMs));
  const roundMs = Math.min(names.length * turnMs, staggerLimitMs + handoversInLimit * turnMs);
  const offsetMs = (names.indexOf(selfName) / names.length) * roundMs;
  return nextDate(leastMs, { everyMs: roundMs, offsetMs, wallAheadMs });
}
