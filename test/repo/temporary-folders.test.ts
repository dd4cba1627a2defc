import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Files of test/ that make a temporary folder themselves. */
const makers = [
  'helpers/temporary-folder.ts',
  // They start on any Node from 18 on, which reads no TypeScript.
  'tools/dataplane-download.mjs',
  'tools/helm.mjs',
  'tools/prometheus.mjs',
  'tools/test.mjs',
];
const tests = new URL('../', import.meta.url);
const call = /\bmkdtemp\w*\(/;

it('are made in one place, and removed: by testFolder and suiteFolder in a test, by makeFolder elsewhere', () => {
  const files = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.m?[jt]s$/.test(name))
    .filter((name) => call.test(readFileSync(new URL(name, tests), 'utf8')));

  expect(files.toSorted()).toEqual(makers);
});

it('are not made by makeFolder in a test, which would have to remove them itself', () => {
  const files = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(test|case)\.ts$/.test(name))
    .filter((name) => /\bmakeFolder\b/.test(readFileSync(new URL(name, tests), 'utf8')));

  expect(files).toEqual(['repo/temporary-folders.test.ts']);
});
