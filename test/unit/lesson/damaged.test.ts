import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { leftAfter } from '../../../src/lesson/chunk.ts';
import { UnreadableLesson } from '../../../src/lesson/definition.ts';
import { readNumber, skipNumber } from '../../../src/lesson/number.ts';
import { createPassage } from '../../../src/lesson/passage.ts';
import { createTaught } from '../../../src/lesson/taught.ts';
import { encodeVarint } from '../../../src/modules/relay/wire/varint.ts';
import { anyMessages, bytesOf } from '../../helpers/peer-messages.ts';

const golden = Buffer.from(
  JSON.parse(readFileSync('test/golden/lesson/3.4.json', 'utf8')).lesson,
  'base64',
);

function passed(bytes: Buffer): number {
  const passage = createPassage();
  try {
    passage.pass(bytes, () => 1);
  } catch (error) {
    expect(error).toBeInstanceOf(UnreadableLesson);
  }
  return passage.passed;
}

it('reads or refuses a lesson with any bytes changed, and says so in its own way', () => {
  const change = fc.tuple(fc.nat(golden.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const bytes = Buffer.from(golden);
      for (const [at, to] of changes) bytes[at] = to;
      expect(passed(bytes)).toBeLessThanOrEqual(2000);
    }),
    { numRuns: 500 },
  );
});

it('refuses a lesson that is cut off within a message', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: golden.length - 1 }), (length) => {
      const cut = golden.subarray(0, length);
      expect(passed(cut)).toBeLessThanOrEqual(passed(golden));
    }),
    { numRuns: 300 },
  );
  expect(() => createPassage().pass(golden.subarray(0, golden.length - 1), () => 1)).toThrow(
    UnreadableLesson,
  );
});

it('reads or refuses any messages', () => {
  fc.assert(fc.property(anyMessages, (messages) => passed(bytesOf(messages)) >= 0));
});

it('reads each number that HAProxy writes, and skips it', () => {
  fc.assert(
    fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.nat(3), (value, before) => {
      const number = encodeVarint(value);
      const bytes = Buffer.from([...Array.from({ length: before }, () => 255), ...number, 7]);
      const next = before + number.length;
      expect(readNumber(bytes, before, bytes.length)).toEqual({ value, next });
      expect(skipNumber(bytes, before, bytes.length)).toBe(next);
      expect(skipNumber(bytes, before, next - 1)).toBe(-1);
    }),
  );
});

it('takes the age off what is left, but not where entries stay', () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(1e9), fc.nat(1e9), (left, age, table) => {
      const after = leftAfter(left, age, table + 1);
      if (left <= age) expect(after).toBeNull();
      else expect(after).toBe(left - age);
      expect(leftAfter(left, age, 0)).toBe(left);
      expect(leftAfter(left + 1, -age, table + 1)).toBe(left + 1);
    }),
  );
});

it('knows which updates were in a lesson, and takes later ones for new', () => {
  const half = 2 ** 31;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: half - 1e6 }),
      fc.uniqueArray(fc.nat(100_000), { minLength: 1, maxLength: 50 }),
      fc.uniqueArray(fc.nat(100_000), { maxLength: 50 }),
      fc.nat(100_000),
      (from, own, learned, more) => {
        const taught = createTaught();
        const ids = own.map((id) => from + id).toSorted((a, b) => a - b);
        for (const id of ids) taught.add(id);
        for (const id of learned.toSorted((a, b) => a - b))
          taught.add((from + id + half) % 2 ** 32);
        for (const id of ids) expect(taught.has(id)).toBe(true);
        expect(taught.has((ids.at(-1) ?? 0) + 1 + more)).toBe(false);
      },
    ),
  );
});
