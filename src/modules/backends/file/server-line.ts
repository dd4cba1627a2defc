import { parseEndpoint } from '../../../config-text/address.ts';
import { isOwnId } from '../endpoints/server-id.ts';
import type { Line } from './find-backend.ts';
import { parseServerWords, type ServerWord } from './server-words.ts';

/** A `server` line of a backend. */
export interface ServerLine {
  readonly line: Line;
  readonly name: string;
  /** Empty, and port 0, where it is no `ADDRESS:PORT`. */
  readonly address: string;
  readonly port: number;
  /** Null: HAProxy numbers it. */
  readonly id: number | null;
  readonly words: readonly ServerWord[];
  /** The first word that is not known here. */
  readonly unknown: string | null;
}

export function readServerLine(line: Line): ServerLine | null {
  const [keyword, name, address, ...rest] = line.words;
  if (keyword !== 'server' || name === undefined) return null;
  const { words, unknown } = parseServerWords(rest);
  const id = words.findLast((word) => word.keyword === 'id')?.values[0];
  return {
    ...{ line, name, words, unknown },
    ...(parseEndpoint(address ?? '') ?? { address: '', port: 0 }),
    id: id === undefined ? null : Number(id),
  };
}

/** What a line says, whatever the order of its words: the Data Plane API has an order of its own. */
export function sense({ name, address, port, words, unknown, line }: ServerLine): string {
  if (unknown !== null) return line.words.join('\0');
  const said = words.map(({ keyword, values }) => [keyword, ...values].join(' ')).toSorted();
  return [name, address, port, ...said].join('\0');
}

/** Whether a line has the mark of ours: an id that this program made of its name. A comment would be lost by `PUT` of the Data Plane API. */
export function isMarked({ name, id }: Pick<ServerLine, 'name' | 'id'>): boolean {
  return id !== null && isOwnId(name, id);
}

/** A `server-template` line: names from `PREFIXfirst` to `PREFIXlast` are taken. */
export interface TemplateLine {
  readonly prefix: string;
  readonly first: number;
  readonly last: number;
}

export function readTemplateLine({ words }: Line): TemplateLine | null {
  const [keyword, prefix, range = ''] = words;
  if (keyword !== 'server-template' || prefix === undefined) return null;
  const [, low = '1', high] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
  return high === undefined
    ? { prefix, first: 1, last: Number(low) }
    : { prefix, first: Number(low), last: Number(high) };
}

/** Whether one of the servers of a template has this name. */
export function makesName({ prefix, first, last }: TemplateLine, name: string): boolean {
  if (!name.startsWith(prefix)) return false;
  const rest = name.slice(prefix.length);
  return /^(0|[1-9]\d*)$/.test(rest) && Number(rest) >= first && Number(rest) <= last;
}
