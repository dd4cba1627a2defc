import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const tests = new URL('../', import.meta.url);
const other = /\b(skipIf|runIf)\b|\b(describe|it|test|suite)\.(skip|todo)\b/;

it('say what is missing: by unless, or within a test by the note of its context', () => {
  const lines = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'repo/skips.test.ts')
    .flatMap((name) => readFileSync(new URL(name, tests), 'utf8').split('\n'))
    .filter((line) => other.test(line));

  expect(lines).toEqual([]);
});
