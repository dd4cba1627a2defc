import fc from 'fast-check';
import { type Layout, layoutOf } from '../../src/aggregate/codec/layout.ts';
import { dataTypes } from '../../src/lesson/data-types.ts';
import type { KeyType, Stored } from '../../src/lesson/definition.ts';

/** A table with any types of data, whose values this program keeps. */
export interface AnyTable {
  readonly name: string;
  readonly keyType: KeyType;
  readonly keyLength: number;
  readonly expireMs: number;
  readonly stored: readonly Stored[];
  readonly layout: Layout;
}

const keyLengths = { integer: 4, ip: 4, ipv6: 16, string: 33, binary: 20 } as const;
const periods = fc.constantFrom(1, 1000, 3000, 10_000, 600_000, 2 ** 30);

export const anyTable: fc.Arbitrary<AnyTable> = fc
  .record({
    name: fc.stringMatching(/^[a-z.]{1,20}$/),
    keyType: fc.constantFrom<KeyType>('integer', 'ip', 'ipv6', 'string', 'binary'),
    expireMs: fc.constantFrom(0, 1000, 60_000, 2 ** 31 - 1),
    types: fc.subarray([...dataTypes.keys()]),
    counts: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 27, maxLength: 27 }),
    periodsMs: fc.array(periods, { minLength: 27, maxLength: 27 }),
  })
  .map(({ types, counts, periodsMs, ...table }) => {
    const stored = types.flatMap((type): Stored[] => {
      const data = dataTypes[type];
      if (data === undefined) return [];
      const count = data.isArray ? (counts[type] ?? 1) : 1;
      return [{ ...data, count, periodMs: data.kind === 'rate' ? (periodsMs[type] ?? 1) : 0 }];
    });
    const keyLength = keyLengths[table.keyType];
    return { ...table, keyLength, stored, layout: layoutOf(stored) };
  });

const word = fc.oneof(
  fc.nat(300),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(0, 239, 240, 2287, 2288, 2 ** 31, 2 ** 32 - 1),
);

/** Words of an entry of that table at the tick `now`: periods that began up to two of them ago. */
export function anyWords({ words, fields }: Layout, now: number): fc.Arbitrary<Uint32Array> {
  return fc.array(word, { minLength: words, maxLength: words }).map((values) => {
    const all = Uint32Array.from(values);
    for (const { kind, at, count, periodMs } of fields)
      for (let tick = at; kind === 'rate' && tick < at + 3 * count; tick += 3)
        all[tick] = now - ((all[tick] ?? 0) % (2 * periodMs));
    return all;
  });
}

export function anyKey({ keyType, keyLength }: AnyTable): fc.Arbitrary<Uint8Array> {
  if (keyType === 'string') return fc.uint8Array({ minLength: 0, maxLength: keyLength - 1 });
  return fc.uint8Array({ minLength: keyLength, maxLength: keyLength });
}
