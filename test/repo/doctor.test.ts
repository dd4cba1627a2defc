import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('has every check of doctor in docs/operations.md', () => {
  const files = globSync([
    'src/doctor/*.ts',
    'src/modules/**/checks/*.ts',
    'src/modules/**/checks.ts',
  ]);
  const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const names = [
    ...source.matchAll(/(?:const name = |(?:\bok|warning|failure)\(\s*)'(?<name>[^']+)'/g),
  ].map(({ groups }) => groups?.name ?? '');
  const text = readFileSync('docs/operations.md', 'utf8');
  const section = text.slice(text.indexOf('## doctor'), text.indexOf('## At 3 a.m.'));

  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
});
