import { ticksSince } from '../codec/ticks.ts';

/** Clocks of two machines go apart by less than 10 ms in this time. */
const windowMs = 60_000;

/** Turns ticks of the other side into own ones. */
export interface Skew {
  /** A message with this stamp has come: the own tick at which it was sent, as far as one can know. */
  sentAt(stamp: number, now: number): number;
}

/**
 * A message says when it was sent, by the clock of its sender. Of all messages of the last two minutes the fastest one tells how far the clocks are
 * apart: others have waited somewhere for the rest.
 */
export function createSkew(): Skew {
  let base: number | null = null;
  let sinceTick = 0;
  let before = Number.POSITIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  return {
    sentAt(stamp, now) {
      const apart = (now - stamp) >>> 0;
      base ??= apart;
      const more = ticksSince(base, apart);
      if (ticksSince(sinceTick, now) >= windowMs || least === Number.POSITIVE_INFINITY) {
        before = least;
        least = more;
        sinceTick = now;
      }
      least = Math.min(least, more);
      return (stamp + base + Math.min(least, before)) >>> 0;
    },
  };
}
