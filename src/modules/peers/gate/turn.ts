import type { PeersFacts } from './facts.ts';
import { lookAgainMs } from './sibling-sessions.ts';

/** With large tables, the time for the turns of all replicas is longer by this many handovers. */
const handoversInLimit = 5;

/** Since when only the turn was left to wait for. */
export interface Since {
  /** For this replica. */
  readonly ownMs: number;
  /** For replicas that only had to wait for the burst. */
  readonly gatheredMs: number;
}

/** When a replica may reload, if its siblings are connected. */
export interface Turn {
  /** When this round of turns began. */
  readonly beginMs: number;
  readonly turnMs: number;
  /** Time between two turns. */
  readonly apartMs: number;
  /** How long to wait for siblings. */
  readonly limitMs: number;
  /** Names of the replicas with an earlier turn; empty if time slots keep all apart. */
  readonly earlier: readonly string[];
  /** With time slots: this replica's first slot from the given moment on. */
  readonly dateFrom?: (leastMs: number) => number;
}

/**
 * The turn of this replica among `met`: in the order of names after a common moment, or in a time slot of its own. All
 * replicas see a joining pod at the same moment, and their turns begin then. But if a replica has a reload interval
 * that is not over, or had another reason to wait, it would begin later than the others expect, and reload at the same
 * time as one of them. Then all use time slots.
 */
export function turnOf(
  facts: PeersFacts,
  met: readonly string[],
  { ownMs, gatheredMs }: Since,
): Turn {
  const { selfName, settings, handoverMs, hurried, history } = facts;
  const limitMs = settings.staggerLimitMs + handoversInLimit * handoverMs;
  const mostMs = limitMs / Math.max(1, met.length);
  // On busy cores a change takes seconds until its reload, so reloads that are not urgent use all the time there
  // is.
  const apartMs = hurried ? Math.min(settings.staggerMs + handoverMs, mostMs) : mostMs;
  const inOrder = (beginMs: number): Turn => {
    const earlier = met.filter((name) => name < selfName);
    return { beginMs, turnMs: beginMs + earlier.length * apartMs, apartMs, limitMs, earlier };
  };
  if (met.length === 0) return inOrder(ownMs);
  if (!hurried) return inOrder(commonDate(facts, limitMs, ownMs));
  const isKept = ownMs - gatheredMs > 2 * lookAgainMs;
  // Seen after the limit of the burst: the turns of all replicas change at once.
  const isNew = history.changedAtMs > gatheredMs;
  const soon = isSoon(facts);
  if (!soon && !isNew && !isKept) return inOrder(ownMs);
  // A replica that was delayed goes after all others have had their turns. New names that keep coming move the
  // time slots, but only for this long.
  const lastMs = history.joinSinceMs + settings.burstLimitMs + limitMs;
  const commonMs = soon || isNew ? Math.min(history.changedAtMs, lastMs) : gatheredMs + limitMs;
  const leastMs = Math.max(ownMs, commonMs);
  const dateFrom = (ms: number) => ownDate(facts, ms);
  const turnMs = dateFrom(leastMs);
  // A replica that a sibling keeps from its slot waits for its next slot, and then again for siblings.
  return { beginMs: ownMs, turnMs, apartMs, limitMs: 2 * limitMs, earlier: [], dateFrom };
}

/** HAProxy shows the age of a session in whole seconds. */
const vagueMs = 1000;

/**
 * Whether, at the moment of this change, a replica had reloaded or started so recently that its reload interval may
 * not be over.
 */
function isSoon({ history, settings }: PeersFacts): boolean {
  const { changedAtMs, lastSessionAtMs, lastReloadAtMs } = history;
  const lastMs = Math.max(lastSessionAtMs, lastReloadAtMs ?? lastSessionAtMs);
  const agoMs = changedAtMs + settings.burstWindowMs - lastMs;
  return agoMs < settings.minReloadIntervalMs + vagueMs;
}

/**
 * Reloads that are not urgent may be due for reasons of this replica alone: it has seen a renewed certificate, or its
 * sidecar has started later. Two replicas that reload within the same tenth of a second cannot see each other, so all
 * begin at a common time: the next multiple of a period in which all can have their turns twice. This tolerates clocks
 * that differ by no more than that.
 */
function commonDate({ wallAheadMs, settings }: PeersFacts, limitMs: number, ownMs: number): number {
  const { staggerLimitMs } = settings;
  if (staggerLimitMs <= 0) return ownMs;
  return nextDate(ownMs, { everyMs: 2 * powerOf(staggerLimitMs, limitMs), wallAheadMs });
}

/**
 * `unitMs` times a power of two, at least `leastMs`. Tables differ a little between replicas, but their time slots
 * must not.
 */
function powerOf(unitMs: number, leastMs: number): number {
  return unitMs * 2 ** Math.ceil(Math.log2(leastMs / unitMs));
}

interface Dates {
  readonly everyMs: number;
  /** Start of the time slot after each multiple of `everyMs`. */
  readonly offsetMs?: number;
  readonly wallAheadMs: number;
}

/** The first of these common times from `leastMs` on. */
function nextDate(leastMs: number, { everyMs, offsetMs = 0, wallAheadMs }: Dates): number {
  const sinceMs = (leastMs + wallAheadMs - offsetMs) % everyMs;
  return leastMs + ((everyMs - sinceMs) % everyMs);
}

/**
 * Time is divided among the members in the order of their names. So two replicas that begin for reasons of their own,
 * and cannot see each other, are still a turn apart.
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
