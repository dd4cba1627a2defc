/** What is being waited for: a pass looks at HAProxy often until it is over. */
export type Phase =
  /** HAProxy does not answer. */
  | 'silent'
  /** It has still to learn. */
  | 'learning'
  /** It has, and this replica is not ready. */
  | 'unready'
  | 'ready';

/** HAProxy that starts is looked at so often, in milliseconds: it asks whom to learn from for 5 s. */
const startingMs = 50;
/** One that is down for long may start at any moment, and is to be found well within those 5 s. */
const mostMs = 1000;
const unreadyMs = 250;

/** When to look again, in milliseconds; `sinceMs`: for how long the phase has lasted. */
export function lookAgainMs(phase: Phase, sinceMs: number): number {
  if (phase === 'ready') return Number.POSITIVE_INFINITY;
  if (phase === 'unready') return unreadyMs;
  // 50 ms for the 5 s of a start, then ever longer: a hundredth of the time that it has taken.
  return Math.min(mostMs, Math.max(startingMs, sinceMs / 100));
}

/** Remembers since when a phase lasts. `now`: milliseconds, monotonic. */
export function createLookAgain(now: () => number): (phase: Phase) => number {
  let last: Phase | undefined;
  let sinceMs = 0;
  return (phase) => {
    if (phase !== last) sinceMs = now();
    last = phase;
    return now() + lookAgainMs(phase, now() - sinceMs);
  };
}
