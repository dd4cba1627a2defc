import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../../src/aggregate/codec/layout.ts';
import { tickAfter } from '../../../../src/aggregate/codec/ticks.ts';
import { sumPlan } from '../../../../src/aggregate/merge/plan.ts';
import { createSummer } from '../../../../src/aggregate/merge/summer.ts';
import { Keys } from '../../../../src/aggregate/store/keys.ts';
import { Runs, runLimit } from '../../../../src/aggregate/store/runs.ts';
import { Store } from '../../../../src/aggregate/store/store.ts';
import { Wheel } from '../../../../src/aggregate/store/wheel.ts';
import { randomOf } from '../../../helpers/random.ts';

const layout = layoutOf([
  { name: 'gpc0', kind: 'number', isArray: false, isLocal: false, count: 1, periodMs: 0 },
]);
const plan = sumPlan(layout, layout);

function storeOf(maxKeys: number, now = 0) {
  const runs = new Runs();
  const store = new Store({ layout, runs, maxKeys, seed: 5, now });
  const summer = createSummer(plan);
  const out = new Uint32Array(1);
  const bytes = (key: string) => Buffer.from(key);
  return {
    ...{ runs, store },
    set(
      key: string,
      origin: string,
      value: number,
      more: { expiry?: number; sequence?: number; now?: number } = {},
    ) {
      const run = runs.add(origin, 1) ?? -1;
      const row = store.put(bytes(key), 0, bytes(key).length);
      const { expiry = 0, sequence = 1 } = more;
      return store.set(
        row,
        { run, sequence, expiry, words: Uint32Array.of(value) },
        more.now ?? now,
      );
    },
    sum(key: string, at = now, without?: string) {
      const row = store.keys.find(bytes(key), 0, bytes(key).length);
      if (row === -1) return null;
      const leftMs = store.sum(row, summer, out, { now: at, without });
      return leftMs === -1 ? null : { value: out[0] ?? 0, leftMs };
    },
  };
}

describe('keys', () => {
  const keys = fc.uniqueArray(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 60 });
  it('finds what was added and was not removed, in whatever order', () => {
    fc.assert(
      fc.property(
        keys,
        fc.array(fc.tuple(fc.nat(59), fc.boolean()), { maxLength: 300 }),
        (all, steps) => {
          const table = new Keys(20, 7);
          const known = new Map<string, number>();
          const bytes = (key: string) => Buffer.from(key, 'utf8');
          for (const [at, isAdded] of steps) {
            const key = all[at % all.length] ?? '';
            const row = known.get(key);
            if (row !== undefined && !isAdded) {
              table.remove(row);
              known.delete(key);
            } else if (row === undefined && isAdded && known.size < 20) {
              known.set(key, table.add(bytes(key), 0, bytes(key).length));
            }
          }
          for (const key of all) {
            const row = table.find(bytes(key), 0, bytes(key).length);
            expect(row).toBe(known.get(key) ?? -1);
            if (row === -1) continue;
            const from = table.offsetOf(row);
            expect(table.bytesOf(row).toString('utf8', from, from + table.lengthOf(row))).toBe(key);
          }
          expect(table.rows.used).toBe(known.size);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('uses the memory of those that are gone', () => {
    const table = new Keys(100, 7);
    for (let at = 0; at < 50_000; at++) {
      const key = Buffer.from(`key-${at}`);
      if (at >= 100)
        table.remove(table.find(Buffer.from(`key-${at - 100}`), 0, `key-${at - 100}`.length));
      table.add(key, 0, key.length);
    }
    expect(table.rows.high).toBeLessThanOrEqual(101);
    expect(table.find(Buffer.from('key-49999'), 0, 9)).not.toBe(-1);
  });
});

describe('the wheel', () => {
  const start = fc.constantFrom(0, 31, 8191, 2 ** 32 - 20_000, 2 ** 31 - 100);
  const away = fc.oneof(fc.nat(10_000), fc.nat(600_000));
  it('finds each row once, not before its time and at most 100 ms late, however time passes', () => {
    fc.assert(
      fc.property(
        start,
        fc.array(fc.tuple(away, fc.nat(3)), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 60 }),
        (from, rows, limit) => {
          const words = rows.map(() => [0, 0, 0]);
          const wheel = new Wheel(
            {
              get: (row, word) => words[row]?.[word] ?? 0,
              set: (row, word, value) => ((words[row] ?? [])[word] = value),
            },
            { next: 0, previous: 1, due: 2 },
            from,
          );
          const due = new Map<number, number>();
          for (const [row, [ms, times]] of rows.entries()) {
            for (let at = times; at >= 0; at--) wheel.set(row, tickAfter(from, ms + at * 1000));
            if (times === 3) wheel.clear(row);
            else due.set(row, ms);
          }
          for (const at of [...due.values()].toSorted((one, other) => one - other)) {
            for (const ms of [at - 1, at + 100]) {
              const found: number[] = [];
              if (ms < 0) continue;
              while (!wheel.advance(tickAfter(from, ms), limit, (row) => found.push(row)));
              for (const row of found) {
                expect(due.get(row)).toBeLessThanOrEqual(ms);
                due.delete(row);
              }
              for (const left of due.values()) expect(left).toBeGreaterThan(ms - 100);
            }
          }
          expect(due.size).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('finds rows that are hours and weeks away', () => {
    const words = [1, 2, 3].map(() => [0, 0, 0]);
    const wheel = new Wheel(
      {
        get: (row, word) => words[row]?.[word] ?? 0,
        set: (row, word, value) => {
          (words[row] ?? [])[word] = value;
        },
      },
      { next: 0, previous: 1, due: 2 },
      2 ** 32 - 5,
    );
    const found: number[] = [];
    const due = [10_000_000, 280_000_000, 600_000_000];
    for (const [row, ms] of due.entries()) wheel.set(row, tickAfter(2 ** 32 - 5, ms));
    for (const [row, ms] of due.entries()) {
      wheel.advance(tickAfter(2 ** 32 - 5, ms - 1), 2 ** 30, (one) => found.push(one));
      expect(found).toHaveLength(row);
      wheel.advance(tickAfter(2 ** 32 - 5, ms + 100), 2 ** 30, (one) => found.push(one));
      expect(found).toHaveLength(row + 1);
    }
  });
});

it('holds and sums what a plain map would, through expiries and keys that come again', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomOf(seed);
    const pick = (count: number) => Math.floor(random() * count);
    let now = seed % 2 === 0 ? 1000 : 2 ** 32 - 2000;
    const { store, set, sum } = storeOf(1000, now);
    const model = new Map<string, Map<string, { value: number; ends: number; sequence: number }>>();
    let passed = 0;
    for (let step = 0; step < 400; step++) {
      const [key, origin] = [`k${pick(30)}`, `o${pick(4)}`];
      if (random() < 0.8) {
        const [value, sequence, leftMs] = [pick(1000), pick(6), pick(5) === 0 ? 0 : 1 + pick(3000)];
        const parts = model.get(key) ?? new Map();
        const known = parts.get(origin);
        const taken = known === undefined || sequence >= known.sequence;
        const ends = leftMs === 0 ? Number.POSITIVE_INFINITY : passed + leftMs;
        if (taken) parts.set(origin, { value, sequence, ends });
        model.set(key, parts);
        const expiry = leftMs === 0 ? 0 : Math.max(1, tickAfter(now, leftMs));
        expect(set(key, origin, value, { expiry, sequence, now })).toBe(taken);
      } else {
        // More than the wheel may be late, so that parts have gone by then.
        const ms = 200 + pick(2000);
        now = tickAfter(now, ms);
        passed += ms;
        while (!store.advance(now, 7));
        for (const parts of model.values())
          for (const [name, { ends }] of parts) if (ends <= passed) parts.delete(name);
        for (let row = store.sums.take(); row !== -1; row = store.sums.take()) store.release(row);
      }
      const live = [...(model.get(key) ?? [])].filter(([, { ends }]) => ends > passed);
      const total = live.reduce((all, [, { value }]) => all + value, 0);
      const latest = Math.max(...live.map(([, { ends }]) => ends));
      const got = sum(key, now);
      expect(got?.value ?? 0).toBe(total);
      if (live.length > 0)
        expect(got?.leftMs).toBe(latest === Number.POSITIVE_INFINITY ? 0 : latest - passed);
      const others = live.filter(([name]) => name !== origin);
      expect(sum(key, now, origin)?.value ?? 0).toBe(
        others.reduce((all, [, { value }]) => all + value, 0),
      );
    }
  }
});

it('lets go of keys and memory when all has expired', () => {
  const { store, set, runs } = storeOf(5000);
  for (let at = 0; at < 5000; at++) set(`k${at}`, `o${at % 3}`, at, { expiry: 1 + (at % 1000) });
  while (!store.advance(2000, 100));
  for (let row = store.sums.take(); row !== -1; row = store.sums.take()) store.release(row);
  expect(store.keys.rows.used).toBe(0);
  expect(store.parts.rows.used).toBe(0);
  expect(runs.all().map(({ parts }) => parts)).toEqual([0, 0, 0]);
});

it('makes room by keys that expire soon, never for more keys and parts than it may have', () => {
  const { store, set, sum } = storeOf(100);
  for (let at = 0; at < 1000; at++) set(`k${at}`, 'a', at, { expiry: 10_000 + at * 10 });
  expect(store.keys.rows.used).toBe(100);
  expect(store.evicted).toBe(900);
  expect(sum('k999')?.value).toBe(999);
  let late = 0;
  for (let at = 800; at < 1000; at++) if (sum(`k${at}`) !== null) late += 1;
  expect(late).toBeGreaterThan(80);
  for (let origin = 0; origin < 50; origin++)
    for (let at = 900; at < 1000; at++) set(`k${at}`, `o${origin}`, 1, { expiry: 90_000 });
  expect(store.parts.rows.used).toBeLessThanOrEqual(1600);
});

it('uses the numbers of runs again, and refuses one too many', () => {
  const runs = new Runs();
  for (let at = 0; at < runLimit; at++) runs.get(runs.add(`o${at}`, 1) ?? -1).parts = 1;
  expect(runs.add('one more', 1)).toBeUndefined();
  runs.get(7).parts = 0;
  expect(runs.add('one more', 1)).toBe(7);
  expect(runs.find({ origin: 'o7', generation: 1, isStaged: false })).toBeUndefined();
});

it('never works for long at a time with 200,000 keys', () => {
  const { store, set } = storeOf(200_000);
  let longest = 0;
  const timed = (act: () => void) => {
    const before = process.cpuUsage().user;
    act();
    longest = Math.max(longest, (process.cpuUsage().user - before) / 1000);
  };
  for (let at = 0; at < 200_000; at += 200)
    timed(() => {
      for (let key = at; key < at + 200; key++) set(`user-${key}`, 'a', key, { expiry: 60_000 });
    });
  for (let done = false; !done; )
    timed(() => {
      done = store.advance(70_000, 2000);
    });
  // A collection of garbage by Node can fall into one of them.
  expect(longest).toBeLessThan(60);
});
