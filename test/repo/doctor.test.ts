import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('has every check of doctor in docs/operations.md', () => {
  const source = readdirSync('src/doctor')
    .map((name) => readFileSync(join('src/doctor', name), 'utf8'))
    .join('\n');
  const names = [
    ...source.matchAll(/(?:const name = |(?:\bok|warning|failure)\(\s*)'(?<name>[^']+)'/g),
  ].map(({ groups }) => groups?.name ?? '');
  const text = readFileSync('docs/operations.md', 'utf8');
  const section = text.slice(text.indexOf('## doctor'), text.indexOf('## At 3 a.m.'));

  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
});
