import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../../src/aggregate/codec/layout.ts';
import { sumPlan } from '../../../../src/aggregate/merge/plan.ts';
import { type MergeRules, mergeRules } from '../../../../src/aggregate/merge/rules.ts';
import { createSummer } from '../../../../src/aggregate/merge/summer.ts';
import { dataTypes } from '../../../../src/lesson/data-types.ts';
import type { Stored } from '../../../../src/lesson/definition.ts';
import { anyTable, anyWords } from '../../../helpers/peer-tables.ts';

function stored(name: string, more: Partial<Stored> = {}): Stored {
  const type = dataTypes.find((one) => one.name === name);
  if (type === undefined) throw new Error(name);
  return { ...type, count: 1, periodMs: type.kind === 'rate' ? 1000 : 0, ...more };
}

const counts = layoutOf([
  stored('gpt0'),
  stored('gpc0'),
  stored('bytes_in_cnt'),
  stored('conn_cur'),
  stored('gpt', { count: 2 }),
]);

/** What these parts come to: gpt0, gpc0, bytes, conn_cur, and two tags. */
function sumOf(parts: readonly Uint32Array[], rules: MergeRules): readonly bigint[] {
  const plan = sumPlan(counts, counts);
  const summer = createSummer(plan, rules);
  const out = new Uint32Array(plan.layout.words);
  summer.begin(0);
  for (const part of parts) summer.add(part, 0);
  summer.finish(out, 0);
  const word = (at: number) => BigInt(out[at] ?? 0);
  return [word(0), word(1), (word(3) << 32n) + word(2), word(4), word(5), word(6)];
}

const top = 2n ** 32n - 1n;
const least = (one: bigint, other: bigint) => (one < other ? one : other);

/** The same with whole numbers of any size. */
function truth(parts: readonly Uint32Array[]): readonly bigint[] {
  const all = (at: number) => parts.map((part) => BigInt(part[at] ?? 0));
  const sum = (at: number) => all(at).reduce((one, other) => one + other, 0n);
  const maximum = (at: number) => BigInt(Math.max(0, ...parts.map((part) => part[at] ?? 0)));
  const bytes = least(sum(2) + (sum(3) << 32n), 2n ** 64n - 1n);
  return [maximum(0), least(sum(1), top), bytes, least(sum(4), top), maximum(5), maximum(6)];
}

const word = fc.oneof(fc.nat(100), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const parts = fc.array(
  fc.array(word, { minLength: 7, maxLength: 7 }).map((words) => Uint32Array.from(words)),
  { maxLength: 20 },
);

function check(rules: MergeRules, runs: number): void {
  fc.assert(
    fc.property(parts, (some) => {
      expect(sumOf(some, rules)).toEqual(truth(some));
    }),
    { numRuns: runs, seed: 20_260_101 },
  );
}

it('sums counts, bytes to the last digit, and takes the highest tag', () => {
  check(mergeRules, 1000);
});

describe('notices rules that are wrong', () => {
  const wrong: Readonly<Record<string, Partial<MergeRules>>> = {
    'sums of 32 bits that begin anew': { clampNumber: (sum) => sum % 2 ** 32 },
    'bytes as numbers of 53 bits': {
      writeWide(low, high, out, to) {
        const sum = low + high * 2 ** 32;
        out[to] = sum % 2 ** 32;
        out[to + 1] = Math.floor(sum / 2 ** 32);
      },
    },
    'bytes without what the lower halves carry': {
      writeWide(low, high, out, to) {
        out[to] = low % 2 ** 32;
        out[to + 1] = high;
      },
    },
    'the last tag': { maximum: (_one, other) => other },
    'the sum of tags': { maximum: (one, other) => one + other },
  };
  it.each(Object.entries(wrong))('%s', (_name, rules) => {
    expect(() => check({ ...mergeRules, ...rules }, 1000)).toThrow('Property failed');
  });
});

it('takes of each element that of the replica where it is highest', () => {
  fc.assert(
    fc.property(parts, (some) => {
      const plan = sumPlan(counts, counts, 'highest');
      const summer = createSummer(plan);
      const out = new Uint32Array(plan.layout.words);
      summer.begin(0);
      for (const part of some) summer.add(part, 0);
      summer.finish(out, 0);
      const most = (of: (part: Uint32Array) => bigint) =>
        some.map(of).toSorted((one, other) => (one < other ? 1 : -1))[0] ?? 0n;
      const wide = (part: Uint32Array) => (BigInt(part[3] ?? 0) << 32n) + BigInt(part[2] ?? 0);
      expect(wide(out)).toBe(most(wide));
      for (const at of [0, 1, 4, 5, 6])
        expect(BigInt(out[at] ?? 0)).toBe(most((part) => BigInt(part[at] ?? 0)));
    }),
    { numRuns: 1000 },
  );
});

it('takes the whole counter of the replica whose rate is highest at that moment', () => {
  const layout = layoutOf([stored('http_req_rate', { periodMs: 10_000 })]);
  const now = 2 ** 31;
  const highest = (...some: readonly (readonly [ageMs: number, now: number, before: number])[]) => {
    const plan = sumPlan(layout, layout, 'highest');
    const summer = createSummer(plan);
    const out = new Uint32Array(3);
    summer.begin(now);
    for (const [ageMs, count, before] of some)
      summer.add(Uint32Array.of(now - ageMs, count, before), 0);
    summer.finish(out, 0);
    return [now - (out[0] ?? 0), out[1], out[2]];
  };
  expect(highest([2000, 10, 5], [4000, 5, 20], [1000, 3, 3])).toEqual([4000, 5, 20]);
  // Of a period that is long over nothing is left, however much it was.
  expect(highest([2000, 1, 0], [20_000, 1000, 1000])).toEqual([2000, 1, 0]);
  expect(highest([12_000, 100, 0], [2000, 90, 0])).toEqual([2000, 90, 0]);
  expect(highest()[1]).toBe(0);
});

it('takes newer parts of an origin and the same again, by session and then by flush', () => {
  const standing = fc.record({ generation: fc.nat(3), sequence: fc.nat(3) });
  fc.assert(
    fc.property(standing, standing, (known, came) => {
      const number = ({ generation, sequence }: typeof known) => generation * 10 + sequence;
      expect(mergeRules.supersedes(known, came)).toBe(number(came) >= number(known));
    }),
  );
});

it('expires at its tick, and where that is 0 never', () => {
  expect(mergeRules.isExpired(100, 99)).toBe(false);
  expect(mergeRules.isExpired(100, 100)).toBe(true);
  expect(mergeRules.isExpired(0, 2 ** 32 - 1)).toBe(false);
  expect(mergeRules.isExpired(5, 2 ** 32 - 5)).toBe(false);
  expect(mergeRules.isExpired(2 ** 32 - 5, 5)).toBe(true);
  expect(mergeRules.laterExpiry(5, 2 ** 32 - 5)).toBe(5);
  expect(mergeRules.laterExpiry(2 ** 32 - 5, 5)).toBe(5);
  expect(mergeRules.laterExpiry(5, 0)).toBe(0);
});

it('tells of what both tables have, rates only with the same period, and arrays as long as the shorter one', () => {
  const from = layoutOf([
    stored('gpc0'),
    stored('http_req_rate'),
    stored('server_key'),
    stored('gpc', { count: 3 }),
    stored('gpc_rate', { count: 3 }),
  ]);
  const to = layoutOf([
    stored('gpt0'),
    stored('gpc0'),
    stored('http_req_rate', { periodMs: 5000 }),
    stored('server_key'),
    stored('gpc', { count: 2 }),
    stored('gpc_rate', { count: 5 }),
  ]);
  const { layout, columns } = sumPlan(from, to);
  expect(layout.fields.map(({ name, count, at }) => [name, count, at])).toEqual([
    ['gpc0', 1, 0],
    ['gpc', 2, 1],
    ['gpc_rate', 3, 3],
  ]);
  expect(layout.words).toBe(12);
  expect(columns.map(({ from: at }) => at)).toEqual([0, 4, 5, 7, 10, 13]);
});

it('is the part itself, where there is one, of every type', () => {
  const now = 2 ** 31;
  const input = anyTable.chain((table) =>
    fc.tuple(fc.constant(table), anyWords(table.layout, now)),
  );
  fc.assert(
    fc.property(input, ([{ layout }, words]) => {
      const plan = sumPlan(layout, layout);
      const summer = createSummer(plan);
      const out = new Uint32Array(plan.layout.words);
      summer.begin(now);
      summer.add(words, 0);
      summer.finish(out, 0);
      for (const { way, from, to } of plan.columns)
        if (way !== 'rate') expect(out[to]).toBe(words[from]);
    }),
    { numRuns: 300 },
  );
});
