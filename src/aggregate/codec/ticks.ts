/*
 * A tick is a moment of the own monotonic clock in whole milliseconds, within 32 bits: 4 bytes in a table, and it begins anew after
 * 49.7 days. Two ticks are compared by their difference, which is right as long as they are not more than 24.8 days apart.
 */

/** The tick of `ms`, milliseconds of any clock that only goes forward. */
export function tickOf(ms: number): number {
  return Math.floor(ms) % 2 ** 32;
}

/** `ms` after `tick`, or before it where that is negative. */
export function tickAfter(tick: number, ms: number): number {
  return (tick + ms) >>> 0;
}

/** Milliseconds from `tick` to `later`; negative: it comes before. */
export function ticksSince(tick: number, later: number): number {
  return (later - tick) | 0;
}

/** The tick at which what has so many milliseconds left expires; 0 is never, for both. */
export function expiryAt(now: number, leftMs: number): number {
  return leftMs === 0 ? 0 : Math.max(1, tickAfter(now, leftMs));
}
