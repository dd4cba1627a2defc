import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPieces } from '../../../src/lesson/pieces.ts';

it('are what was kept and put, in that order, whatever is left out between', () => {
  const parts = fc.array(
    fc.record({
      length: fc.integer({ min: 0, max: 20 }),
      what: fc.constantFrom('keep', 'leave', 'put'),
    }),
  );
  fc.assert(
    fc.property(parts, (all) => {
      const bytes = Buffer.from(
        Array.from(
          { length: all.reduce((sum, { length }) => sum + length, 0) },
          (_, at) => at % 251,
        ),
      );
      const pieces = createPieces(bytes);
      const wanted: Buffer[] = [];
      let at = 0;
      for (const { length, what } of all) {
        const part = bytes.subarray(at, at + length);
        if (what === 'keep') pieces.keep(at, at + length);
        if (what === 'put') pieces.put(Buffer.from(part).fill(252));
        if (what !== 'leave') wanted.push(what === 'put' ? Buffer.alloc(length, 252) : part);
        at += length;
      }
      expect(pieces.joined()).toEqual(Buffer.concat(wanted));
    }),
  );
});

it('are the bytes themselves where all follow each other', () => {
  const bytes = Buffer.from('abcdef');
  const pieces = createPieces(bytes);
  pieces.keep(1, 3);
  pieces.keep(3, 6);
  const joined = pieces.joined();
  expect(joined.toString()).toBe('bcdef');
  bytes[1] = 0x7a;
  expect(joined.toString()).toBe('zcdef');
});
