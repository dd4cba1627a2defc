import { tickAfter, ticksSince } from '../codec/ticks.ts';

/** Frequency counters of one period, added up at one moment. */
export interface RateSums {
  /** What HAProxy would say they are: events of the last period. */
  events: number;
  /** By how much that falls in a millisecond. */
  slope: number;
  /** Ages, each times the events of its counter, and these events. */
  weightedAge: number;
  weight: number;
}

/** Adds one counter as HAProxy would see it at `now` (haproxy src/freq_ctr.c, _freq_ctr_total_from_values). */
export function addRate(
  sums: RateSums,
  words: Uint32Array,
  at: number,
  { now, periodMs }: { readonly now: number; readonly periodMs: number },
): void {
  let ageMs = ticksSince(words[at] ?? 0, now);
  let current = words[at + 1] ?? 0;
  let previous = words[at + 2] ?? 0;
  if (ageMs >= 2 * periodMs) return;
  if (ageMs >= periodMs) {
    ageMs -= periodMs;
    previous = current;
    current = 0;
  }
  // It was sent by a clock that is a little ahead.
  ageMs = Math.max(0, ageMs);
  const weight = current + previous;
  if (weight === 0) return;
  sums.events += current + (previous * (periodMs - ageMs)) / periodMs;
  sums.slope += previous / periodMs;
  sums.weightedAge += ageMs * weight;
  sums.weight += weight;
}

const top = 0xffff_ffff;

/**
 * One counter that stands for all: the same events at `now`, falling by as much, and of the mean age, so that both are right until the
 * first of the counters comes to the end of its period. The tick of its period, its count, and the count before it.
 */
export function mergedRate(
  { events, slope, weightedAge, weight }: RateSums,
  now: number,
  periodMs: number,
): readonly [number, number, number] {
  if (weight === 0) return [now, 0, 0];
  // At that age the count before alone could be more than all events: then it is older, and nothing was counted since.
  const ageMs = Math.max(weightedAge / weight, periodMs - events / slope);
  const previous = Math.min(Math.round(slope * periodMs), top);
  let whole = Math.min(Math.round(ageMs), periodMs - 1);
  const left = () => events - (previous * (periodMs - whole)) / periodMs;
  // HAProxy itself cannot tell ages that are one millisecond apart (peer_treat_updatemsg, src/peers.c).
  if (left() < 0 && whole < periodMs - 1) whole += 1;
  const current = Math.round(left());
  return [tickAfter(now, -whole), Math.min(Math.max(0, current), top), previous];
}
