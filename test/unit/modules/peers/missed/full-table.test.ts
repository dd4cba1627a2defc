import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  gapOf,
  type Held,
  type Holder,
  repair,
  shrinks,
} from '../../../../../src/modules/peers/missed/decision.ts';

/**
 * Counts of a table of 50,000 entries that two replicas write 2,000 new keys a second into, and of a replica that has
 * joined them, every 20 ms: real HAProxy, `show table`.
 */
interface Series {
  readonly size: number;
  readonly sibling: readonly number[];
  readonly own: readonly number[];
}

function series(version: string): Series {
  const file = new URL(`../../../../golden/full-table/${version}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

const versions = ['2.6', '3.0', '3.4'] as const;

function holder(held: Held): Holder {
  const tables = new Map([['sessions', held]]);
  return { name: 'b', connected: true, resync: 'learned', tables };
}

/** One join: looks 250 ms apart, our count 100 ms after the sibling's, as run makes them. What the last look decides. */
function decisionsOf(theirs: (look: number) => Held, ours: (look: number) => Held): string[] {
  const decisions: string[] = [];
  let gapBefore: number | null = null;
  let stalledLooks = 0;
  for (let look = 0; look < 12; look++) {
    const own = { resync: 'learned', tables: new Map([['sessions', ours(look)]]) } as const;
    const siblings = [holder(theirs(look))];
    const gap = gapOf({ own, siblings });
    stalledLooks = gap === 0 || shrinks(gap, gapBefore) ? 0 : stalledLooks + 1;
    const { kind } = repair(
      {
        ...{
          own,
          siblings,
          inOtherMode: [],
          mute: [],
          gapBefore,
          stalledLooks,
          attempts: 0,
          possible: true,
        },
        ...{ startedAtMs: 0, limitMs: 60_000, connectLimitMs: 6000 },
      },
      1000 + look * 250,
    );
    decisions.push(kind);
    if (kind !== 'wait') break;
    gapBefore = Math.min(gap, gapBefore ?? gap);
  }
  return decisions;
}

describe('a table that is full and written to', () => {
  it.each(versions)('swings by a 256th at the most, HAProxy %s', (version) => {
    const { size, sibling, own } = series(version);

    expect(Math.min(...sibling, ...own)).toBeGreaterThanOrEqual(size - size / 256);
    expect(Math.max(...sibling, ...own)).toBeLessThanOrEqual(size + 1);
  });

  it.each(versions)('is never taken for missed, HAProxy %s', (version) => {
    const { size, sibling, own } = series(version);
    const outcomes = new Map<string, number>();
    let joins = 0;
    for (let theirs = 0; theirs < sibling.length; theirs++) {
      for (let ours = 0; ours < own.length; ours++) {
        const at = (counts: readonly number[], from: number) => (look: number) => ({
          used: counts[(from + look * 13) % counts.length] ?? 0,
          size,
        });
        const decided = decisionsOf(at(sibling, theirs), at(own, ours)).at(-1) ?? '';
        outcomes.set(decided, (outcomes.get(decided) ?? 0) + 1);
        joins += 1;
      }
    }

    expect(Object.fromEntries(outcomes)).toEqual({ complete: joins });
  });

  it.each(versions)('is found where it was missed or learned in part, HAProxy %s', (version) => {
    const { size, sibling } = series(version);
    for (let from = 0; from < sibling.length; from += 7) {
      const theirs = (look: number) => ({
        used: sibling[(from + look * 13) % sibling.length] ?? 0,
        size,
      });
      for (const part of [0, 0.3, 0.9, 0.98, 0.99]) {
        const decisions = decisionsOf(theirs, () => ({ used: Math.floor(size * part), size }));

        expect(decisions.at(-1), `${part} of ${size}`).toBe('repair');
      }
    }
  });

  it('is full near its size alone, however large it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000_000 }),
        fc.double({ min: 0, max: 0.94, noNaN: true }),
        (size, part) => {
          const used = Math.floor(size * part);
          const own = { resync: 'alone', tables: new Map([['sessions', { used, size }]]) } as const;
          const gap = gapOf({ own, siblings: [holder({ used: size, size })] });
          const ours = gapOf({
            own: { resync: 'alone', tables: new Map([['sessions', { used: size, size }]]) },
            siblings: [holder({ used: size, size })],
          });

          expect(ours).toBe(0);
          // Of a table for a few entries, one or two are nothing to reload for.
          if (size - used > 3) expect(gap).toBe(size - used);
        },
      ),
    );
  });

  it('swings at a sibling whose table is smaller than ours, too', () => {
    const own = (used: number) =>
      ({ resync: 'learned', tables: new Map([['sessions', { used, size: 1_000_000 }]]) }) as const;
    const full = { used: 50_000, size: 50_000 };

    expect(gapOf({ own: own(49_805), siblings: [holder(full)] })).toBe(0);
    expect(gapOf({ own: own(49_000), siblings: [holder(full)] })).toBe(1000);
    expect(gapOf({ own: own(49_805), siblings: [holder({ used: 50_000, size: 90_000 })] })).toBe(
      195,
    );
  });
});
