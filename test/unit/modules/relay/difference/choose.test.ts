import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  choose,
  isUpToMark,
  marginMs,
} from '../../../../../src/modules/relay/difference/choose.ts';

const tableExpireMs = 3_600_000;
/** Both were written long before they are compared. */
const comparedAtMs = 1e9;
const anyEntry = fc.record({
  expiresAtMs: fc.integer({ min: comparedAtMs - 10_000, max: comparedAtMs + 10_000 }),
  data: fc.nat(3),
});
type Entry = { readonly expiresAtMs: number; readonly data: number };

const takes = (own: Entry | undefined, offered: Entry, uncertainMs = 0) =>
  ['missing', 'newer', 'tie'].includes(
    choose({ ...offered, uncertainMs, tableExpireMs, isWhole: true }, own, comparedAtMs),
  );

it('leaves two replicas with the same value, whichever learns first, and the later one where one is', () => {
  fc.assert(
    fc.property(anyEntry, anyEntry, fc.boolean(), (one, other, isFirst) => {
      const held = isFirst ? [one, other] : [other, one];
      for (const [pupil, teacher] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const [own, offered] = [held[pupil], held[teacher]];
        if (own && offered && takes(own, offered)) held[pupil] = offered;
      }
      expect(held[0]?.data).toBe(held[1]?.data);
      const apart = one.expiresAtMs - other.expiresAtMs;
      if (apart > marginMs) expect(held[0]?.data).toBe(one.data);
      if (apart < -marginMs) expect(held[0]?.data).toBe(other.data);
    }),
  );
});

it('never takes an older value for a newer one, however wrong its expiry may be', () => {
  fc.assert(
    fc.property(
      anyEntry,
      anyEntry,
      fc.nat(20_000),
      fc.float({ min: -1, max: 1, noNaN: true }),
      (own, offered, uncertainMs, part) => {
        if (own.expiresAtMs <= offered.expiresAtMs + marginMs) return;
        const seen = { ...offered, expiresAtMs: offered.expiresAtMs + uncertainMs * part };
        if (uncertainMs === 0 || Math.abs(own.expiresAtMs - seen.expiresAtMs) > marginMs)
          expect(takes(own, seen, uncertainMs)).toBe(false);
      },
    ),
  );
});

it('takes what is missing, unless the session brings it', () => {
  const old = { expiresAtMs: comparedAtMs + tableExpireMs - 5000, data: 1 };
  expect(takes(undefined, old)).toBe(true);
  const recent = { expiresAtMs: comparedAtMs + tableExpireMs - 100, data: 1 };
  expect(takes(undefined, recent)).toBe(false);
  expect(takes({ expiresAtMs: comparedAtMs, data: 0 }, recent)).toBe(false);
});

it('takes only what is missing of a table whose entries stay', () => {
  const offered = {
    expiresAtMs: comparedAtMs,
    data: 9,
    uncertainMs: 0,
    isWhole: true,
    tableExpireMs: 0,
  };
  expect(choose(offered, undefined, comparedAtMs)).toBe('missing');
  expect(choose(offered, { expiresAtMs: 0, data: 1 }, comparedAtMs)).toBe('same-or-older');
});

it('leaves an entry whose expiry alone differs a little, unless its rates may differ, too', () => {
  const offered = { expiresAtMs: comparedAtMs + 5000, data: 1, uncertainMs: 0, tableExpireMs };
  const own = { expiresAtMs: comparedAtMs, data: 1 };
  expect(choose({ ...offered, isWhole: true }, own, comparedAtMs)).toBe('same-or-older');
  expect(choose({ ...offered, isWhole: false }, own, comparedAtMs)).toBe('newer');
  const later = { ...offered, expiresAtMs: comparedAtMs + 15_000, isWhole: true };
  expect(choose(later, own, comparedAtMs)).toBe('newer');
});

it('tells what was written before the session from what was written or learned since', () => {
  const distance = fc.nat(2 ** 29);
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), distance, distance, (mark, before, since) => {
      const id = (number: number) => number % 2 ** 32;
      expect(isUpToMark(mark, id(mark - before + 2 ** 32))).toBe(true);
      expect(isUpToMark(mark, id(mark + 1 + since))).toBe(false);
      // Learned: half a circle away, before the mark or since.
      expect(isUpToMark(mark, id(mark - before + 2 ** 31 + 2 ** 32))).toBe(false);
      expect(isUpToMark(mark, id(mark + since + 2 ** 31))).toBe(false);
      expect(isUpToMark(undefined, id(mark))).toBe(false);
    }),
  );
});

it('takes what the session does not bring, however lately it may have been written', () => {
  const expiresAtMs = comparedAtMs + tableExpireMs;
  const offered = { expiresAtMs, data: 1, uncertainMs: 0, tableExpireMs, isWhole: true };
  const before = { ...offered, isBeforeSession: true };
  expect(choose(offered, undefined, comparedAtMs)).toBe('recent');
  expect(choose(before, undefined, comparedAtMs)).toBe('missing');
  const own = { expiresAtMs: expiresAtMs - 5000, data: 2 };
  expect(choose(offered, own, comparedAtMs)).toBe('recent');
  expect(choose(before, own, comparedAtMs)).toBe('newer');
});
