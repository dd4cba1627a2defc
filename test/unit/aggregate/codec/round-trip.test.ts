import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Cursor } from '../../../../src/aggregate/codec/cursor.ts';
import { createHearer, type Heard } from '../../../../src/aggregate/codec/hear.ts';
import {
  writeConfirmation,
  writeDefinition,
  writeEntry,
  writeSwitch,
} from '../../../../src/aggregate/codec/write.ts';
import { Writer } from '../../../../src/aggregate/codec/writer.ts';
import { UnreadableLesson } from '../../../../src/lesson/definition.ts';
import { frames } from '../../../../src/modules/relay/wire/frames.ts';
import { encodeVarint } from '../../../../src/modules/relay/wire/varint.ts';
import { anyKey, anyTable, anyWords } from '../../../helpers/peer-tables.ts';

/** What these messages mean, each entry with a copy of its values. */
function heardIn(bytes: Buffer, now: number) {
  const hear = createHearer();
  const found: { heard: Heard; words: Uint32Array }[] = [];
  let end = 0;
  for (const frame of frames(bytes)) {
    const heard = hear(bytes, frame, now);
    found.push({
      heard,
      words: Uint32Array.from(
        'table' in heard && typeof heard.table === 'object' ? heard.table.words : [],
      ),
    });
    end = frame.end;
  }
  expect(end).toBe(bytes.length);
  return found;
}

const ticks = fc.constantFrom(0, 5, 1_000_000, 2 ** 31, 2 ** 32 - 1);

it('reads what it has written, of every type of key and data, and in every form of an entry', () => {
  const input = fc
    .tuple(anyTable, ticks)
    .chain(([table, now]) =>
      fc.tuple(
        fc.constant(table),
        fc.constant(now),
        anyKey(table),
        anyWords(table.layout, now),
        fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 })),
        fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
      ),
    );
  fc.assert(
    fc.property(input, ([table, now, key, words, id, leftMs]) => {
      const writer = new Writer(16);
      writeDefinition(writer, 7, table, table.layout.fields);
      writeDefinition(writer, 8, { ...table, name: 'another' }, []);
      writeSwitch(writer, 7);
      const values = { layout: table.layout, words, from: 0, now };
      const entry = { keyType: table.keyType, key, keyAt: 0, keyEnd: key.length, id, leftMs };
      writeEntry(writer, { ...entry, ...values });
      const bytes = writer.take();

      const [defined, , switched, one] = heardIn(bytes, now);

      if (defined?.heard.kind !== 'table' || switched?.heard.kind !== 'table') return expect.fail();
      const { name, keyType, keyLength, expireMs, stored } = table;
      expect(defined.heard.table.definition).toMatchObject({ id: 7, name, keyType, keyLength });
      expect(defined.heard.table.definition).toMatchObject({ expireMs, hasUnknown: false });
      expect(defined.heard.table.definition.stored).toEqual(stored);
      expect(switched.heard.table.definition.name).toBe(name);
      if (one?.heard.kind !== 'entry') return expect.fail();
      const { keyAt, keyEnd, id: heardId } = one.heard.entry;
      expect(bytes.subarray(keyAt, keyEnd)).toEqual(Buffer.from(key));
      expect(heardId).toBe(id ?? 1);
      if (expireMs > 0) expect(one.heard.leftMs).toBe(leftMs ?? expireMs);
      expect([...one.words]).toEqual([...words]);
    }),
    { numRuns: 1000 },
  );
});

it('reads and writes numbers of 64 bits to the last digit', () => {
  const some = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n),
  );
  fc.assert(
    fc.property(some, (value) => {
      const writer = new Writer();
      writer.wide(Number(value % 2n ** 32n), Number(value >> 32n));
      const bytes = writer.take();
      const cursor = new Cursor();
      cursor.start(bytes, 0, bytes.length, 'a number');
      const out = new Uint32Array(2);
      cursor.wide(out, 0);
      expect((BigInt(out[1] ?? 0) << 32n) + BigInt(out[0] ?? 0)).toBe(value);
      expect(cursor.isAtEnd()).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

it('writes numbers as the relay does', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const writer = new Writer();
      writer.number(value);
      expect([...writer.take()]).toEqual([...encodeVarint(value)]);
    }),
  );
});

it('writes and reads a confirmation', () => {
  const writer = new Writer();
  writeConfirmation(writer, 300, 0xfffffff0);
  expect(heardIn(writer.take(), 0)[0]?.heard).toEqual({
    kind: 'confirmation',
    table: 300,
    update: 0xfffffff0,
  });
});

const define = (more: readonly number[]) => Buffer.from([10, 130, more.length, ...more]);
/** `t`, integer keys, gpc0. */
const plain = define([1, 1, 116, 2, 4, 4, 0]);
const entryOf = (...body: readonly number[]) => Buffer.from([10, 128, body.length, ...body]);

it.each([
  ['an entry before any table', [entryOf(0, 0, 0, 1, 0, 0, 0, 1, 5)]],
  ['a switch to a table that is not defined', [plain, Buffer.from([10, 131, 1, 9])]],
  ['an unknown type', [Buffer.from([10, 135, 0])]],
  ['an unknown class', [Buffer.from([3, 1])]],
  ['an unknown control message', [Buffer.from([0, 5])]],
  ['an entry without values', [plain, entryOf(0, 0, 0, 1, 0, 0, 0, 1)]],
  ['an entry with more than its values', [plain, entryOf(0, 0, 0, 1, 0, 0, 0, 1, 5, 5)]],
  [
    'a count of more than 32 bits',
    [plain, entryOf(0, 0, 0, 1, 0, 0, 0, 1, ...encodeVarint(2 ** 32))],
  ],
  [
    'a number without an end',
    [plain, entryOf(0, 0, 0, 1, 0, 0, 0, 1, ...Array.from({ length: 12 }, () => 255))],
  ],
  [
    'an array of more elements than HAProxy allows',
    [define([1, 1, 116, 2, 4, ...encodeVarint(2 ** 23), 0, 23, 101])],
  ],
  ['a confirmation that is too short', [Buffer.from([10, 132, 3, 1, 0, 0])]],
  [
    'a string that is longer than its table has them',
    [define([1, 1, 116, 6, 3, 4, 0]), entryOf(0, 0, 0, 1, 3, 97, 97, 97, 5)],
  ],
])('refuses %s', (_what, messages) => {
  expect(() => heardIn(Buffer.concat(messages), 0)).toThrow(UnreadableLesson);
});

it('passes over data types of a later HAProxy, which come last', () => {
  const later = define([1, 1, 116, 2, 4, ...encodeVarint(2 ** 2 + 2 ** 27), 0]);
  const found = heardIn(Buffer.concat([later, entryOf(0, 0, 0, 1, 0, 0, 0, 1, 5, 99, 98)]), 0);
  expect([...(found[1]?.words ?? [])]).toEqual([5]);
});

it('takes a rate that is over for none, however old it is', () => {
  const rate = define([1, 1, 116, 2, 4, 8, 0, 3, ...encodeVarint(1000)]);
  for (const [age, words] of [
    [1999, [2 ** 32 - 1989, 7, 8]],
    [2000, [10, 0, 0]],
    [2 ** 32 - 1, [10, 0, 0]],
  ] as const) {
    const entry = entryOf(0, 0, 0, 1, 0, 0, 0, 1, ...encodeVarint(age), 7, 8);
    expect([...(heardIn(Buffer.concat([rate, entry]), 10)[1]?.words ?? [])]).toEqual(words);
  }
});
