import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, it } from 'vitest';

/** What the folders that others import may import themselves, of test/. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  helpers: ['helpers'],
  rig: ['helpers', 'rig'],
  demo: ['helpers', 'rig', 'demo'],
  bench: ['helpers', 'rig', 'bench'],
};

function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  const found = [...text.matchAll(/\bfrom '(\.[^']+)'/g)].map(([, from = '']) => from);
  return found
    .map((from) => relative('test', normalize(join(dirname(file), from))))
    .filter((path) => !path.startsWith('..'))
    .map((path) => path.split('/')[0] ?? '');
}

it.each(Object.entries(allowed))('test/%s imports of test/ only %j', (folder, may) => {
  const files = globSync(`test/${folder}/**/*.ts`);

  expect(files.length).toBeGreaterThan(2);
  expect([...new Set(files.flatMap(importsOf))].filter((each) => !may.includes(each))).toEqual([]);
});
