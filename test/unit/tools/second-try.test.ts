import { describe, expect, it } from 'vitest';
// @ts-expect-error: plain JavaScript, read by a Node that knows no types.
import { afterSecondTry, secondTry, sums } from '../../tools/second-try.mjs';

const sumsOf = (passed: number, failed: number, skipped = 0) => ({ passed, failed, skipped });
const run = (files: Record<string, ReturnType<typeof sumsOf>>, outside = 0) => ({
  ...{ files, outside, reasons: {}, failures: [] as string[], code: 0 },
});

describe('the second try of tests with real programs', () => {
  it('is for the files that failed, and for no other', () => {
    const files = {
      'test/unit/a.test.ts': sumsOf(3, 0),
      'test/integration/b.test.ts': sumsOf(5, 1),
      'test/e2e/c.test.ts': sumsOf(0, 2),
      'test/integration/d.test.ts': sumsOf(1, 0),
    };
    expect(secondTry(run(files))).toEqual(['test/integration/b.test.ts', 'test/e2e/c.test.ts']);
    expect(secondTry(run({ 'test/unit/a.test.ts': sumsOf(3, 0) }))).toEqual([]);
  });

  it('is not for what gives the same result each time, an error outside of tests, or many files', () => {
    const one = { 'test/integration/b.test.ts': sumsOf(5, 1) };
    expect(secondTry(run({ ...one, 'test/unit/a.test.ts': sumsOf(3, 1) }))).toEqual([]);
    expect(secondTry(run(one, 1))).toEqual([]);
    const many = ['b', 'c', 'd', 'e'].map((name) => [
      ...[`test/integration/${name}.test.ts`, sumsOf(5, 1)],
    ]);
    expect(secondTry(run(Object.fromEntries(many)))).toEqual([]);
  });

  it('counts each test once, and fails what fails again', () => {
    const first = run({
      ...{ 'test/unit/a.test.ts': sumsOf(3, 0, 1), 'test/integration/b.test.ts': sumsOf(5, 1, 2) },
    });
    const good = run({ 'test/integration/b.test.ts': sumsOf(6, 0, 2) });
    const bad = { ...run({ 'test/integration/b.test.ts': sumsOf(5, 1, 2) }), code: 1 };

    expect(sums(afterSecondTry(first, good))).toEqual(sumsOf(9, 0, 3));
    expect(sums(afterSecondTry(first, bad))).toEqual(sumsOf(8, 1, 3));
    expect(afterSecondTry(first, bad).code).toBe(1);
    // A file that was not run again has not passed.
    expect(sums(afterSecondTry(first, run({}))).failed).toBe(1);
  });
});
