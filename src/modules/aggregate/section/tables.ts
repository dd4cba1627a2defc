import { findSections, tokenize, type Variables } from '../../../config-text/config-text.ts';
import { sumsSection } from '../../../config-text/sums-section.ts';
import { readDuration } from './duration.ts';

/** What a table stores: the name of the data, elements of an array (else 1), and the period of a rate (else 0). */
export interface StoredData {
  readonly name: string;
  readonly count: number;
  readonly periodMs: number;
}

/** A stick table as haproxy.cfg defines it; NaN: it cannot be told from the file. */
export interface TableText {
  /** As HAProxy calls it: that of the proxy, or section and name for one of a peers section. */
  readonly name: string;
  /** From 1. */
  readonly line: number;
  readonly type: string;
  /** In bytes, of a string or binary key; else 0. */
  readonly length: number;
  readonly size: number;
  /** 0: its entries do not expire. */
  readonly expireMs: number;
  readonly store: readonly StoredData[];
  readonly recvOnly: boolean;
  /** The peers section that shares it. */
  readonly peers: string | undefined;
}

const factors: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
/** Of a key without `len` (haproxy src/stick_table.c). */
const defaultLength = 32;

function sizeOf(text: string): number {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  return digits === undefined ? Number.NaN : Number(digits) * (factors[unit.toLowerCase()] ?? 1);
}

/** `gpc(2)`, `http_req_rate(10s)`, `gpc_rate(2,10s)`. */
function storedIn(text: string): readonly StoredData[] {
  return [...text.matchAll(/([a-z_0-9]+)(?:\(([^)]*)\))?/g)].map(([, name = '', given = '']) => {
    const args = given === '' ? [] : given.split(',');
    const period = name.endsWith('_rate') ? args.at(-1) : undefined;
    const isArray = /^(gpc|gpt|gpc_rate)$/.test(name);
    return {
      name,
      count: isArray ? Number(args[0] ?? Number.NaN) : 1,
      periodMs: period === undefined ? 0 : readDuration(period),
    };
  });
}

function tableOf(
  name: string,
  line: number,
  words: readonly string[],
  section?: string,
): TableText {
  const after = (word: string) => {
    const at = words.indexOf(word);
    return at < 0 ? undefined : words[at + 1];
  };
  const type = after('type') ?? '';
  const length = after('len');
  const hasLength = type === 'string' || type === 'binary';
  const expire = after('expire');
  return {
    ...{ name, line, type },
    length: hasLength ? Number(length ?? defaultLength) : 0,
    size: sizeOf(after('size') ?? ''),
    expireMs: expire === undefined ? 0 : readDuration(expire),
    store: words.flatMap((word, at) => (words[at - 1] === 'store' ? storedIn(word) : [])),
    recvOnly: words.includes('recv-only'),
    peers: section ?? after('peers'),
  };
}

/** All tables of the file that a peers section shares. */
export function sharedTables(lines: readonly string[], env: Variables = {}): readonly TableText[] {
  return findSections(lines).flatMap(({ keyword, name, start, end }) =>
    lines.slice(start + 1, end).flatMap((text, at) => {
      const words = tokenize(text, env).map((token) => token.text);
      const line = start + at + 2;
      if (keyword === 'peers')
        return words[0] === 'table'
          ? [tableOf(`${name}/${words[1] ?? ''}`, line, words.slice(2), name)]
          : [];
      const found = words[0] === 'stick-table' ? tableOf(name, line, words) : undefined;
      return found?.peers === undefined ? [] : [found];
    }),
  );
}

export function isOfSums({ peers }: TableText): boolean {
  return peers === sumsSection;
}
