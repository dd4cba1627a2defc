import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  atOnce,
  calmMs,
  damped,
  dampen,
  type Reasons,
} from '../../../../../src/modules/relay/difference/damping.ts';

const afterMs = 3000;

/** When comparisons begin if reasons come at these times: each puts off the one before it that has not begun. */
function begin(atMs: readonly number[]): { readonly begun: readonly number[]; last: Reasons } {
  const begun: number[] = [];
  let last: Reasons | null = null;
  for (const nowMs of atMs) {
    if (last !== null && last.dueMs <= nowMs) begun.push(last.dueMs);
    last = dampen(last, afterMs, nowMs).reasons;
  }
  if (last === null) throw new Error('no reason');
  return { begun: [...begun, last.dueMs], last };
}

const every = (ms: number, count: number) => Array.from({ length: count }, (_, at) => at * ms);

describe('reasons to compare', () => {
  it('have a comparison each, as quick as ever, if they are few', () => {
    const times = every(20_000, atOnce);

    expect(begin(times).begun).toEqual(times.map((ms) => ms + afterMs));
  });

  it('wait longer and longer if they do not end, up to a minute', () => {
    const { begun } = begin(every(10_000, 60));
    const gaps = begun.slice(1).map((ms, at) => ms - (begun[at] ?? 0));

    expect(gaps.slice(0, 2)).toEqual([10_000, 10_000]);
    expect(gaps.slice(4).every((ms) => ms >= 60_000 && ms <= 60_000 + 10_000)).toBe(true);
    // Ten minutes with a reload every 10 s.
    expect(begun.length).toBeLessThanOrEqual(atOnce + 12);
  });

  it('say why they wait', () => {
    let last: Reasons | null = null;
    const whys = every(1000, 5).map((nowMs) => {
      const result = dampen(last, afterMs, nowMs);
      last = result.reasons;
      return result.why;
    });

    expect(whys.slice(0, atOnce)).toEqual([null, null, null]);
    expect(whys[3]).toBe(
      '4 reasons to compare, each within 120 s of the one before: waits for 8 s',
    );
  });

  it('are the first ones again after a calm', () => {
    const { last } = begin(every(1000, 50));
    const again = dampen(last, afterMs, last.lastMs + calmMs);

    expect(again).toMatchObject({ afterMs, why: null, reasons: { inRow: 1 } });
  });

  const gapsMs = fc.array(
    fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 2 * calmMs })),
    { minLength: 1, maxLength: 300 },
  );

  it('are none that is left without a comparison after it, within a minute and what it takes anyway', () => {
    fc.assert(
      fc.property(gapsMs, (gaps) => {
        let atMs = 0;
        const times = gaps.map((ms) => {
          atMs += ms;
          return atMs;
        });
        const { begun } = begin(times);
        for (const time of times) {
          const next = begun.find((ms) => ms >= time + Math.min(afterMs, 1));
          expect(next).toBeDefined();
          expect((next ?? 0) - time).toBeLessThanOrEqual(damped.atMostMs + afterMs);
        }
      }),
    );
  });

  it('never begin one before the time that the reason itself asks for', () => {
    fc.assert(
      fc.property(gapsMs, (gaps) => {
        let last: Reasons | null = null;
        let nowMs = 0;
        for (const ms of gaps) {
          nowMs += ms;
          const result = dampen(last, afterMs, nowMs);
          last = result.reasons;
          expect(result.afterMs).toBeGreaterThanOrEqual(afterMs);
        }
      }),
    );
  });
});
