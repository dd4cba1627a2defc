import { findSections, splitLines, tokenize } from './config-text.ts';

/** A stick table as haproxy.cfg defines it. */
export interface StickTable {
  /** What makes a key: type, and length. */
  readonly keys: string;
  /** Entries; NaN when it is written as a variable. */
  readonly size: number;
  /** The peers section that shares it. */
  readonly peers: string | undefined;
}

const factors: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function sizeOf(text: string | undefined): number {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text ?? '') ?? [];
  return digits === undefined ? Number.NaN : Number(digits) * (factors[unit.toLowerCase()] ?? 1);
}

function tableOf(words: readonly string[], section?: string): StickTable {
  const after = (word: string) => {
    const at = words.indexOf(word);
    return at < 0 ? undefined : words[at + 1];
  };
  const keys = `${after('type')} ${after('len') ?? ''}`;
  return { keys, size: sizeOf(after('size')), peers: section ?? after('peers') };
}

/** Those that a peers section shares, with what makes a key of each: `string 64`. */
export function sharedTables(
  text: string,
): readonly { readonly name: string; readonly keys: string }[] {
  return [...tablesOf(text)].flatMap(([name, { keys, peers }]) =>
    peers === undefined ? [] : [{ name, keys: keys.trim() }],
  );
}

/** By name, as HAProxy calls them: that of the proxy, or section and name for one of a peers section. */
export function tablesOf(text: string): ReadonlyMap<string, StickTable> {
  const lines = splitLines(text);
  const found = new Map<string, StickTable>();
  for (const { keyword, name, start, end } of findSections(lines)) {
    for (const line of lines.slice(start + 1, end)) {
      const words = tokenize(line).map((token) => token.text);
      if (keyword === 'peers' && words[0] === 'table')
        found.set(`${name}/${words[1]}`, tableOf(words, name));
      else if (words[0] === 'stick-table') found.set(name, tableOf(words));
    }
  }
  return found;
}
