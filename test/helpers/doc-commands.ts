import { globSync, readFileSync } from 'node:fs';

export interface Block {
  readonly path: string;
  /** Of its first line of text, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** The heading of level two above it, without its marks. */
  readonly heading: string;
}

/** README, docs and the README of each example and chart. */
export function pages(): readonly string[] {
  return globSync(['README.md', 'docs/*.md', '{examples,charts}/*/README.md']).toSorted();
}

/** The fenced blocks of a page. */
export function blocksOf(path: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { line: number; language: string; lines: string[] } | null = null;
  for (const [index, text] of readFileSync(path, 'utf8').split('\n').entries()) {
    const fence = /^```(\w*)/.exec(text);
    if (fence === null) {
      open?.lines.push(text);
      if (open === null && text.startsWith('## ')) heading = text.slice(3);
    } else if (open === null) open = { line: index + 2, language: fence[1] ?? '', lines: [] };
    else {
      const { line, language, lines } = open;
      blocks.push({ path, line, language, text: lines.join('\n'), heading });
      open = null;
    }
  }
  return blocks;
}

/** Words of a shell: quotes are taken off, and what parts two commands is a command's end. */
export function shellCommands(script: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  let word: string | null = null;
  const endWord = () => {
    if (word !== null) commands.at(-1)?.push(word);
    word = null;
  };
  const tokens = script.matchAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(#[^\n]*)|([|;&()\n])|(\s)|(.)/gs,
  );
  for (const [, single, double, escaped, comment, end, space, other] of tokens) {
    if (comment !== undefined && word === null) continue;
    if (end !== undefined) {
      endWord();
      commands.push([]);
    } else if (space !== undefined) endWord();
    else word = `${word ?? ''}${single ?? double ?? escaped ?? comment ?? other ?? ''}`;
  }
  endWord();
  return commands.filter((words) => words.length > 0);
}

/** What runs: assignments and the words of a shell's own grammar before a program are passed over. */
export function programsOf(script: string): readonly string[] {
  const before = /^(?:until|while|do|if|then|else|!|exec|trap|\w+=.*)$/;
  const not = new Set(['done', 'fi', 'for', 'wait', 'kill', 'echo', 'printf', '[', 'exit', 'cd']);
  return shellCommands(script).flatMap((words) => {
    const program = words.find((word) => !before.test(word));
    return program === undefined || not.has(program) ? [] : [program];
  });
}

export interface Exec {
  readonly container: string;
  readonly argv: readonly string[];
}

/** The calls of `kubectl exec` in a script. */
export function execsOf(script: string): readonly Exec[] {
  return shellCommands(script).flatMap((words) => {
    const at = words.indexOf('--');
    const kubectl = words.indexOf('kubectl');
    if (kubectl < 0 || at < 0 || words[kubectl + 1] !== 'exec') return [];
    const flag = words.indexOf('-c');
    // The examples name it in the annotation kubectl.kubernetes.io/default-container.
    const container = flag < 0 || flag > at ? 'haproxy' : (words[flag + 1] ?? '');
    return [{ container, argv: words.slice(at + 1) }];
  });
}
