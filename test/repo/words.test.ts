import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Words of before, by what is said now (docs/design.md, Vocabulary). Flags, metrics and reasons keep their names. */
const before = {
  'readiness keeper': /\b(create)?[Jj]udge\b/,
  'ready marker': /\b(create|on)?Latch\b/,
  change: /\bcreateUnit\b/,
  'sibling sessions': /\b[cC]ompany(Of|WaitMs)?\b/,
  'read config': /\blookAt\b/,
  'reload request': /\b[rR]eloadWish\b/,
  'not loaded': /\bunloaded(Of)?\b(?!-limit)/,
  'reload order': /\bturnDelays\b/,
  'choose members': /\/candidates\.ts/,
  'fan out': /\bfunction everybody\b/,
};

it.each(Object.entries(before))('is called %s', (_now, word) => {
  const files = globSync('src/**/*.ts');
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => word.test(readFileSync(file, 'utf8')))).toEqual([]);
});
