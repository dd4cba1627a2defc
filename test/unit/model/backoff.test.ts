import { expect, it } from 'vitest';
import { backoffMs } from '../../../src/model/backoff.ts';

const options = { baseMs: 100, capMs: 1_000 };

it.each([
  { failures: 1, random: 1, expected: 100 },
  { failures: 1, random: 0, expected: 50 },
  { failures: 3, random: 1, expected: 400 },
  { failures: 5, random: 1, expected: 1_000 },
  { failures: 5_000, random: 0.5, expected: 750 },
])('waits $expected ms after $failures failures at random $random', (row) => {
  expect(backoffMs(row.failures, options, row.random)).toBe(row.expected);
});
