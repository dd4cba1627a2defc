import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowSet } from '../../../../src/aggregate/store/row-set.ts';

const row = fc.oneof(fc.nat(70), fc.nat(100_000));
const step = fc.oneof(
  fc.tuple(fc.constant('add' as const), row),
  fc.tuple(fc.constant('remove' as const), row),
  fc.tuple(fc.constant('take' as const), row),
  fc.tuple(fc.constant('all' as const), row),
);

describe('a set of rows', () => {
  it('holds what a plain set would, whatever is done in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const rows = new RowSet();
        const other = new RowSet();
        const [model, ofOther] = [new Set<number>(), new Set<number>()];
        for (const [what, at] of steps) {
          if (what === 'add') {
            rows.add(at);
            model.add(at);
          } else if (what === 'remove') {
            rows.remove(at);
            model.delete(at);
            other.add(at);
            ofOther.add(at);
          } else if (what === 'all') {
            rows.addAll(other);
            for (const each of ofOther) model.add(each);
          } else {
            const taken = rows.take();
            if (taken === -1) expect(model.size).toBe(0);
            else expect(model.delete(taken)).toBe(true);
          }
          expect(rows.count).toBe(model.size);
          expect(rows.has(at)).toBe(model.has(at));
        }
        const left = Array.from({ length: rows.count }, () => rows.take());
        expect(new Set(left)).toEqual(model);
        expect(rows.take()).toBe(-1);
      }),
      { numRuns: 500 },
    );
  });

  it('lets none wait for those that are added again and again', () => {
    const rows = new RowSet();
    for (let at = 0; at < 10_000; at++) rows.add(at);
    const taken = new Set<number>();
    for (let count = 0; count < 10_000; count++) {
      const each = rows.take();
      taken.add(each);
      rows.add(each);
      rows.add(5);
    }
    expect(taken.size).toBe(10_000);
  });

  it('takes no more memory for rows that come and go', () => {
    const rows = new RowSet();
    rows.add(9999);
    const { words } = rows as unknown as { words: Uint32Array };
    for (let at = 0; at < 1_000_000; at++) {
      rows.remove(at % 10_000);
      rows.add(at % 10_000);
    }
    expect((rows as unknown as { words: Uint32Array }).words).toBe(words);
  });
});
