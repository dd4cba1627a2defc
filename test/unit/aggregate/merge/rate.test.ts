import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tickAfter, ticksSince } from '../../../../src/aggregate/codec/ticks.ts';
import { addRate, mergedRate } from '../../../../src/aggregate/merge/rate.ts';
import { randomOf } from '../../../helpers/random.ts';

type Counter = [tick: number, current: number, previous: number];

/** What HAProxy says of a counter at `now` (src/freq_ctr.c, without its correction for a single event). */
function shown(
  [tick, current, previous]: Readonly<Counter>,
  now: number,
  periodMs: number,
): number {
  const age = ticksSince(tick, now);
  if (age >= 2 * periodMs) return 0;
  if (age >= periodMs) return (current * (2 * periodMs - age)) / periodMs;
  return current + (previous * (periodMs - age)) / periodMs;
}

function merged(counters: readonly Readonly<Counter>[], now: number, periodMs: number): Counter {
  const sums = { events: 0, slope: 0, weightedAge: 0, weight: 0 };
  for (const counter of counters) addRate(sums, Uint32Array.from(counter), 0, { now, periodMs });
  return [...mergedRate(sums, now, periodMs)] as Counter;
}

const anyNow = fc.constantFrom(100_000_000, 3, 2 ** 31 + 5);
const anyCounters = (periodMs: number) =>
  fc.array(fc.tuple(fc.nat(2 * periodMs + 10), fc.nat(5000), fc.nat(5000)), {
    minLength: 1,
    maxLength: 10,
  });
const input = fc
  .constantFrom(1000, 3000, 10_000, 600_000)
  .chain((periodMs) => fc.tuple(fc.constant(periodMs), anyNow, anyCounters(periodMs)));

it('says at its moment what the counters say together', () => {
  fc.assert(
    fc.property(input, ([periodMs, now, ages]) => {
      const counters = ages.map(
        ([age, current, previous]): Counter => [tickAfter(now, -age), current, previous],
      );
      const truth = counters.reduce((sum, counter) => sum + shown(counter, now, periodMs), 0);
      const one = merged(counters, now, periodMs);
      expect(Math.abs(shown(one, now, periodMs) - truth)).toBeLessThanOrEqual(1);
      const age = ticksSince(one[0], now);
      expect(age).toBeGreaterThanOrEqual(0);
      expect(age).toBeLessThan(periodMs);
    }),
    { numRuns: 2000 },
  );
});

it('is the counter itself where there is one', () => {
  fc.assert(
    fc.property(fc.nat(4999), fc.nat(2 ** 31), fc.nat(2 ** 31), (half, current, previous) => {
      const now = 50_000;
      const one = merged([[now - 2 * half, current, previous]], now, 10_000);
      fc.pre(current + previous > 0);
      expect(one[0]).toBe(now - 2 * half);
      expect(Math.abs(one[1] - current)).toBeLessThanOrEqual(1);
      expect(one[2]).toBe(previous);
    }),
  );
});

it('is never more than 32 bits', () => {
  const top = 2 ** 32 - 1;
  const counters = Array.from({ length: 3 }, (): Counter => [1000, top, top]);
  expect(merged(counters, 1500, 1000)).toEqual(
    [1000 + 500, expect.any(Number), top].map((value, at) =>
      at === 0 ? 1000 : at === 1 ? top : value,
    ),
  );
});

/** A counter of HAProxy (update_freq_ctr_period). */
function count(counter: Counter, now: number, periodMs: number): void {
  if (now - counter[0] >= periodMs) {
    counter[2] = now - counter[0] >= 2 * periodMs ? 0 : counter[1];
    counter[1] = 0;
    counter[0] = now - counter[0] >= 2 * periodMs ? now & ~1 : counter[0] + periodMs;
  }
  counter[1] += 1;
}

it('stays near the counters with nothing more to count, where it is told again as their periods end', () => {
  const periodMs = 10_000;
  let worst = 0;
  let worstUntold = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomOf(seed);
    const replicas = 2 + (seed % 9);
    const counters = Array.from(
      { length: replicas },
      (): Counter => [Math.floor(80_000 + random() * periodMs) & ~1, 0, 0],
    );
    const perSecond = counters.map(() => 5 + random() * 30);
    let now = 100_000;
    for (const end = now + 15_000 + random() * 15_000; now < end; now += 5)
      counters.forEach((counter, at) => {
        if (random() < (perSecond[at] ?? 0) / 200) count(counter, now, periodMs);
      });
    const before = counters.reduce((sum, counter) => sum + shown(counter, now, periodMs), 0);
    let told = merged(counters, now, periodMs);
    const untold = told;
    for (let toldAt = now; now < toldAt + 2 * periodMs; now += 50) {
      const due = counters.some(([tick]) =>
        [1, 2].some(
          (times) => tick + times * periodMs > now - 50 && tick + times * periodMs <= now,
        ),
      );
      if (due) told = merged(counters, now, periodMs);
      const truth = counters.reduce((sum, counter) => sum + shown(counter, now, periodMs), 0);
      worst = Math.max(worst, Math.abs(shown(told, now, periodMs) - truth) / before);
      worstUntold = Math.max(worstUntold, Math.abs(shown(untold, now, periodMs) - truth) / before);
      if (now > 200_000) break;
    }
  }
  expect(worst).toBeLessThan(0.04);
  expect(worstUntold).toBeGreaterThan(0.1);
});
