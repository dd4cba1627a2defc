import { someoneJoins } from '../model/changes.ts';
import type { PeerEntry } from '../model/peers-section.ts';
import type { Delay, GateInput, GateSettings, Observed } from './facts.ts';
import { unloadedDelay } from './not-loaded.ts';
import { turnDelays } from './reload-order.ts';
import { establishedNames } from './sibling-sessions.ts';

/** How often a sibling that is not connected is looked for again, in milliseconds. */
const lookAgainMs = 100;

export interface Delays {
  /** What is left to wait for. */
  readonly delays: readonly Delay[];
  /** Since when it is nothing but the turn; null: something else is left. */
  readonly dueMs: number | null;
}

/**
 * Every reason to wait now. When they are over, replicas that are connected go one after another, whatever the reload is
 * for and whatever has kept it: there is no other way to it. What was in the way at the look before has ended when that
 * look has foretold, or just now.
 */
export function delaysOf(input: GateInput, settings: GateSettings, nowMs: number): Delays {
  const gathered = gathering(input, settings, nowMs);
  const all = [
    gathered,
    unloadedDelay(input, settings),
    reloadInterval(input, settings),
    reestablished(input, settings, nowMs),
    backoff(input, settings),
  ].filter((delay) => delay !== null);
  const delays = all.filter((delay) => delay.untilMs > nowMs);
  if (delays.length > 0) return { delays, dueMs: null };
  const dueMs = dueSince(input, settings, nowMs);
  return { delays: turnDelays(input, settings, dueMs, gathered.untilMs, nowMs), dueMs };
}

/** Of an addition: on busy cores a look may take as long. */
const hurriedLateMs = 1000;
/** A replica that always looks too late has to go some time. */
const missedLimit = 3;

/**
 * What was foretold and is long over has not been waited for: a Data Plane API that hung, or a node that stood still, kept
 * this replica, and maybe others until the same moment. The turn is over then, and another one begins.
 */
function dueSince({ history, changes }: GateInput, settings: GateSettings, nowMs: number): number {
  const foretoldMs = Math.min(history.blockedUntilMs, nowMs);
  const lateMs = someoneJoins(changes)
    ? Math.max(hurriedLateMs, settings.staggerMs)
    : settings.staggerMs;
  if (nowMs - foretoldMs > lateMs && history.missedTurns < missedLimit) return nowMs;
  return history.dueMs ?? foretoldMs;
}

/** What could come along: for who joins until the burst is over, for who is gone or has moved longer. */
function gathering(input: GateInput, settings: GateSettings, nowMs: number): Delay {
  const more = burst(input, settings);
  const lazy = lazily(input, settings, nowMs);
  return lazy !== null && lazy.untilMs >= more.untilMs ? lazy : more;
}

/** The end of the burst, also when it is over. */
function burst({ history, awaited }: GateInput, settings: GateSettings): Delay {
  const limit = history.joinSinceMs + settings.burstLimitMs;
  const untilMs = Math.min(history.changedAtMs + settings.burstWindowMs, limit);
  // One reload for all of them: a pod that is being made has its address in a second or two.
  if (awaited > 0) {
    const reason = `${awaited} more are about to get an address`;
    return { untilMs: limit, reason, code: 'awaited' };
  }
  return { untilMs, reason: 'more changes may follow', code: 'burst' };
}

function lazily(input: GateInput, settings: GateSettings, nowMs: number): Delay | null {
  const { changes, history, observed } = input;
  // A reload that is needed all the same takes what could wait with it.
  if (someoneJoins(changes) || (input.reloadFor ?? null) !== null) return null;
  if (changes.remove.length === 0 && allEstablished(changes.update, observed)) {
    return {
      untilMs: nowMs + settings.removalDelayMs,
      reason: 'only moved peers, which are connected from their side',
      code: 'moved-connected',
    };
  }
  return {
    untilMs: history.lazySinceMs + settings.removalDelayMs,
    reason: 'only dead or moved peers, which do no harm: waiting for an addition to go with',
    code: 'removal-delay',
  };
}

/** A peer that has connected to us needs no right address in our section. */
function allEstablished(entries: readonly PeerEntry[], observed: Observed): boolean {
  const names = establishedNames(observed);
  return entries.every((entry) => names.has(entry.name));
}

function reloadInterval({ history }: GateInput, settings: GateSettings): Delay | null {
  if (history.lastReloadAtMs === null) return null;
  return {
    untilMs: history.lastReloadAtMs + settings.minReloadIntervalMs,
    reason: 'the last reload is too recent',
    code: 'reload-interval',
  };
}

function reestablished(input: GateInput, settings: GateSettings, nowMs: number): Delay | null {
  const { history, observed, memberNames } = input;
  if (history.lastReloadAtMs === null || observed.kind === 'down') return null;
  const limit = history.lastReloadAtMs + settings.reestablishLimitMs;
  const established = establishedNames(observed);
  const missing = history.establishedBefore.filter(
    (name) => memberNames.has(name) && !established.has(name),
  );
  if (missing.length === 0) return null;
  return {
    untilMs: Math.min(nowMs + lookAgainMs, limit),
    reason: `not connected again since the last reload: ${missing.join(', ')}`,
    code: 'siblings-away',
  };
}

function backoff({ history }: GateInput, settings: GateSettings): Delay | null {
  if (history.failures === 0 || history.lastFailureAtMs === null) return null;
  const delay = Math.min(
    settings.backoffMinMs * 2 ** (history.failures - 1),
    settings.backoffMaxMs,
  );
  return {
    untilMs: history.lastFailureAtMs + delay,
    reason: `the last ${history.failures === 1 ? 'try' : `${history.failures} tries`} failed`,
    code: 'backoff',
  };
}
