import type { Variables } from '../../../config-text/config-text.ts';
import { type FoundBackend, findBackend, type Line, type NoBackend } from './find-backend.ts';
import {
  isMarked,
  readServerLine,
  readTemplateLine,
  type ServerLine,
  type TemplateLine,
} from './server-line.ts';
import { parseServerWords, type ServerWord } from './server-words.ts';

/** A backend as haproxy.cfg has it. */
export interface Backend {
  readonly kind: 'found';
  /** First word of `balance`, own or of the defaults in force; null: none is written. */
  readonly balance: string | null;
  /** First word of `hash-type`, likewise. */
  readonly hashType: string | null;
  /** Words of all `default-server` lines that apply where our servers are, in their order. */
  readonly defaultServer: readonly ServerWord[];
  readonly servers: readonly ServerLine[];
  readonly templates: readonly TemplateLine[];
  /** Index of the line where our servers begin, or would. */
  readonly place: number;
  /** Why what is said here may not be what HAProxy has, one sentence each. */
  readonly problems: readonly string[];
}

/** Our servers stand together: where the first of them is, or at the end of the section. */
export function placeOf({ body, section }: FoundBackend): number {
  const first = body.find((line) => {
    const server = line.depth === 0 ? readServerLine(line) : null;
    return server !== null && isMarked(server);
  });
  return first?.index ?? section.end;
}

function lastOf(keyword: string, lines: readonly Line[]): string | null {
  return lines.findLast(({ words }) => words[0] === keyword)?.words[1] ?? null;
}

/** Lines that decide what a server is. */
const deciding: ReadonlySet<string | undefined> = new Set([
  'balance',
  'default-server',
  'hash-type',
]);

function problemsOf(lines: readonly Line[]): readonly string[] {
  return lines.flatMap(({ words: [keyword = '', ...rest], depth, isUncertain, index }) => {
    if (!deciding.has(keyword)) return [];
    const at = `line ${index + 1} (${keyword})`;
    const unknown = keyword === 'default-server' ? parseServerWords(rest).unknown : null;
    if (depth > 0) return [`${at} is in a condition of .if`];
    if (isUncertain) return [`${at} has a variable that is not set here`];
    return unknown === null ? [] : [`${at} has "${unknown}", which is not known here`];
  });
}

/** What haproxy.cfg says of the backend `name`. `env` is that with which HAProxy begins. */
export function readBackend(text: string, name: string, env: Variables = {}): Backend | NoBackend {
  const found = findBackend(text, name, env);
  if (found.kind === 'none') return found;
  const { body, defaults } = found;
  const place = placeOf(found);
  const own = body.filter(({ index, words }) => words[0] !== 'default-server' || index < place);
  const all = [...defaults, ...own];
  return {
    kind: 'found',
    balance: lastOf('balance', all),
    hashType: lastOf('hash-type', all),
    defaultServer: all
      .filter(({ words, depth }) => words[0] === 'default-server' && depth === 0)
      .flatMap(({ words }) => parseServerWords(words.slice(1)).words),
    servers: body.flatMap((line) => readServerLine(line) ?? []),
    templates: body.flatMap((line) => readTemplateLine(line) ?? []),
    place,
    problems: problemsOf(all),
  };
}
