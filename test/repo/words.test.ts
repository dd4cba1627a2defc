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
  'a full pass': /\b(resyncIntervalMs|nextResyncAtMs|resync: boolean)\b/,
};

it.each(Object.entries(before))('is called %s', (_now, word) => {
  const files = globSync('src/**/*.ts');
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => word.test(readFileSync(file, 'utf8')))).toEqual([]);
});

/** What operators read says one word for one thing. Codes, names of Events and earlier names are part of the interface. */
const spoken = {
  'peer, or replica': /\bsiblings?\b/i,
  'waiting: a change is not held': /\bchanges? (is |are )?held\b|\bholding\b/i,
  'reconcile: a full resync is the transfer of the tables':
    /\bresync(-| )interval\b|\bresyncs? is due\b/i,
} as const;

/** Texts of the program: strings with a space in them, without what is put in and without names of codes. */
function textsOf(file: string): readonly string[] {
  const code = readFileSync(file, 'utf8').replaceAll(/\/\*.*?\*\/|(?<!:)\/\/[^\n]*/gs, '');
  const literal = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
  return [...code.matchAll(literal)]
    .map(([text]) => text.replaceAll(/\$\{[^}]*\}|SIBLINGS_\w+/g, ''))
    .filter((text) => text.includes(' '));
}

it.each(Object.entries(spoken))('says %s, in every text of the program', (_now, word) => {
  const files = globSync('src/**/*.ts');
  const found = files.flatMap((file) =>
    textsOf(file)
      .filter((text) => word.test(text))
      .map((text) => `${file}: ${text}`),
  );
  expect(found).toEqual([]);
});

/** Without what stands in backquotes or code blocks, and without the vocabulary, which has the words of the code. */
function proseOf(file: string): string {
  const text = readFileSync(file, 'utf8');
  if (!file.endsWith('.md')) return text;
  return text
    .replaceAll(/^```.*?^```|`[^`\n]*`/gms, '')
    .replaceAll(/^\| sibling( sessions)? \|.*$|Earlier names?: .*?(?=\|)/gm, '');
}

it.each(Object.entries(spoken))('says %s, in docs and examples', (_now, word) => {
  const files = [
    ...['README.md', 'docs/*.md', 'examples/**/*.{md,yaml,json}', 'charts/**/*.{md,yaml,json}'],
  ];
  const found = globSync(files, { exclude: ['docs/changelog.md'] }).flatMap((file) =>
    proseOf(file)
      .split('\n')
      .filter((line) => word.test(line))
      .map((line) => `${file}: ${line.slice(0, 200)}`),
  );
  expect(found).toEqual([]);
});
