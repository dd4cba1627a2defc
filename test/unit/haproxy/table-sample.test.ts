import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSampler, type TableSample } from '../../../src/haproxy/table-sample.ts';

interface Entry {
  readonly key: string;
  readonly exp: number;
}

/** As HAProxy 3.4 and 2.6 list a table. */
function listed(entries: readonly Entry[]): string {
  const lines = entries.map(
    ({ key, exp }, index) =>
      `0x55a78630d3d8: key=${key} use=0 exp=${exp}${index % 2 ? ' shard=0' : ''} gpc0=1\n`,
  );
  return `# table: t, type: string, size:2097152, used:${entries.length}\n${lines.join('')}\n`;
}

/** The text in pieces of that many characters. */
function sample(text: string, piece: number, keys?: number): TableSample {
  const sampler = createSampler(keys);
  for (let at = 0; at < text.length; at += piece) sampler.add(text.slice(at, at + piece));
  return sampler.sample(true);
}

const entries = fc.uniqueArray(
  fc.record({
    key: fc.stringMatching(/^[a-z0-9.:-]{1,12}$/),
    exp: fc.integer({ min: 1, max: 20_000 }),
  }),
  { selector: ({ key }) => key, maxLength: 200 },
);

describe('a sample of a table', () => {
  it('is the same wherever the pieces end, and of a bounded size', () => {
    fc.assert(
      fc.property(
        entries,
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 30 }),
        (all, piece, keys) => {
          const text = listed(all);

          const found = sample(text, piece, keys);

          expect(found).toEqual(sample(text, text.length, keys));
          // Two keys may have one hash.
          expect(found.keys.length).toBeLessThanOrEqual(Math.min(all.length, keys));
          expect(found.keys.length).toBeGreaterThanOrEqual(Math.min(all.length, keys) - 2);
          expect(found.read).toBe(all.length);
          expect(found.below === null).toBe(all.length <= keys);
        },
      ),
    );
  });

  it('has the same keys on who holds more, as far as both have chosen', () => {
    fc.assert(
      fc.property(entries, entries, (held, more) => {
        const known = new Set(held.map(({ key }) => key));
        const all = [...held, ...more.filter(({ key }) => !known.has(key))];
        const few = sample(listed(held), 1000, 10);
        const many = sample(listed(all), 1000, 10);
        const limit = [few.below, many.below].filter((each) => each !== null).toSorted()[0] ?? 'g';

        const of = ({ keys }: TableSample) => keys.filter((key) => key < limit);
        expect(of(many)).toEqual(expect.arrayContaining([...of(few)]));
      }),
    );
  });

  it('names keys that are about to expire, where the table has expire at all', () => {
    const soon = sample(
      listed([
        { key: 'a', exp: 9000 },
        { key: 'b', exp: 11_000 },
      ]),
      100,
    );
    const never = sample(
      listed([
        { key: 'a', exp: 0 },
        { key: 'b', exp: 0 },
      ]),
      100,
    );

    expect(soon.expiring).toEqual([sample(listed([{ key: 'a', exp: 1 }]), 100).keys[0]]);
    expect(never.expiring).toEqual([]);
  });

  it('is empty for an empty table, and for what is no answer', () => {
    expect(sample(listed([]), 10)).toMatchObject({ keys: [], read: 0, below: null });
    expect(sample('Unknown command\n', 10)).toMatchObject({ keys: [], read: 0 });
  });
});
