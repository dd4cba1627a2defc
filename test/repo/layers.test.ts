import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const files = globSync('src/**/*.ts').toSorted();
const folders = [...new Set(files.map((file) => dirname(file)))].filter((each) => each !== 'src');

/** The nearest folder upwards that has a README, which holds for those below it, or `src`. */
function houseOf(folder: string): string {
  if (folder === 'src' || existsSync(join(folder, 'README.md'))) return folder;
  return houseOf(dirname(folder));
}

interface Readme {
  readonly mayImport: ReadonlySet<string>;
  readonly begin: string;
}

function readmeOf(folder: string): Readme {
  const lines = readFileSync(join(folder, 'README.md'), 'utf8').trim().split('\n');
  expect(lines, folder).toHaveLength(3);
  const [what = '', imports = '', begin = ''] = lines;
  expect(what, folder).toMatch(/^\*\*What:\*\* .+\.$/);
  expect(imports, folder).toMatch(/^\*\*May import:\*\* (nothing|`[^`]+`(, `[^`]+`)*)\.$/);
  expect(begin, folder).toMatch(/^\*\*Begin with:\*\* `[\w-]+\.ts`/);
  const words = [...imports.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '');
  return { mayImport: new Set(words), begin: /`([^`]+)`/.exec(begin)?.[1] ?? '' };
}

/** What a file imports: `folder`, `file.ts` of src itself, `node:x`, or a package. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  const found = [
    ...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ];
  return found.map(([, from = '']) => {
    if (!from.startsWith('.')) return /^(@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from;
    const target = normalize(join(dirname(file), from));
    if (dirname(target) === 'src') return target.slice('src/'.length);
    return houseOf(dirname(target)).slice('src/'.length);
  });
}

describe.each(folders.filter((folder) => houseOf(folder) === folder))('%s', (folder) => {
  const own = folder.slice('src/'.length);
  const inside = files.filter((file) => houseOf(dirname(file)) === folder);
  const used = new Set(inside.flatMap(importsOf).filter((each) => each !== own));

  it('imports what its README allows, and nothing else', () => {
    expect([...used].toSorted()).toEqual([...readmeOf(folder).mayImport].toSorted());
  });

  it('begins with a file that is there', () => {
    expect(inside).toContain(join(folder, readmeOf(folder).begin));
  });
});

it('has a README for every folder', () => {
  expect(folders.length).toBeGreaterThan(5);
  expect(folders.filter((folder) => houseOf(folder) === 'src')).toEqual([]);
});

it('imports at its first use what takes megabytes and is not always needed', () => {
  const heavy =
    /^(?:import|export) (?!type)[^;]*?from '(got|@kubernetes\/client-node|.*\/kube-config\.ts)'/m;
  const eager = files.filter((file) => heavy.test(readFileSync(file, 'utf8')));
  // Itself imported at its first use.
  expect(eager).toEqual(['src/kubernetes/kube-config.ts']);
});

it('imports main.ts and what else reads the process from no folder', () => {
  const entries = ['main.ts', 'kubectl-plugin.ts', 'program.ts'];
  const importers = files.filter((file) => importsOf(file).some((each) => entries.includes(each)));
  expect(importers.filter((file) => dirname(file) !== 'src')).toEqual([]);
});

it('has no folder that imports one which imports it', () => {
  const reaches = (from: string, seen = new Set<string>()): ReadonlySet<string> => {
    const readme = join('src', from, 'README.md');
    if (seen.has(from) || !existsSync(readme)) return seen;
    seen.add(from);
    for (const next of readmeOf(join('src', from)).mayImport) reaches(next, seen);
    return seen;
  };
  const circles = folders
    .filter((folder) => houseOf(folder) === folder)
    .map((folder) => folder.slice('src/'.length))
    .filter((own) =>
      [...readmeOf(join('src', own)).mayImport].some((next) => reaches(next).has(own)),
    );
  expect(circles).toEqual([]);
});
