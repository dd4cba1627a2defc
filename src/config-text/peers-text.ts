import { type PeersChanges, remainingChanges } from '../model/changes.ts';
import { lessonLine, pointsAtSelf } from '../model/lesson-line.ts';
import type { PeerEntry, PeersSection, SectionStyle } from '../model/peers-section.ts';
import { formatEndpoint, parseEndpoint } from './address.ts';
import { boundBy } from './binds.ts';
import {
  blockDepths,
  findSection,
  lineEnd,
  splitLines,
  type Token,
  tokenize,
  type Variables,
} from './config-text.ts';
import { refuseEntries } from './refuse-entry.ts';
import { speaksTls } from './speaks-tls.ts';
import { variablesAt } from './variables.ts';

interface EntryLine {
  readonly index: number;
  readonly keyword: 'peer' | 'server';
  readonly entry: PeerEntry;
  readonly tokens: readonly Token[];
  /** Whether the line has an address: the local `server` line of a `bind` section has none. */
  readonly addressed: boolean;
}

function readEntryLine(line: string, index: number, env: Variables): EntryLine | undefined {
  const tokens = tokenize(line, env);
  const [keyword, name, address] = tokens;
  if (name === undefined || (keyword?.text !== 'peer' && keyword?.text !== 'server'))
    return undefined;
  const endpoint = address === undefined ? undefined : parseEndpoint(address.text);
  const written = line.slice(name.start, name.end);
  return {
    index,
    keyword: keyword.text,
    tokens,
    addressed: endpoint !== undefined,
    entry: {
      name: name.variable === 'unset' ? written : name.text,
      address: endpoint?.address ?? '',
      port: endpoint?.port ?? 0,
      ...(written === name.text ? {} : { writtenName: written }),
      ...(name.variable && { variable: name.variable }),
    },
  };
}

function styleOf(lines: readonly string[], entries: readonly EntryLine[]): SectionStyle {
  const binds = lines.some((line) => tokenize(line)[0]?.text === 'bind');
  return binds || entries.some(({ keyword }) => keyword === 'server') ? 'server' : 'peer';
}

function sectionLines(text: string, name: string, env: Variables) {
  const lines = splitLines(text);
  const section = findSection(lines, 'peers', name);
  const body = section === undefined ? [] : lines.slice(section.start + 1, section.end);
  const offset = (section?.start ?? 0) + 1;
  const variables = variablesAt(lines, offset - 1, env);
  const all = body
    .map((line, index) => readEntryLine(line, offset + index, variables))
    .filter((entry) => entry !== undefined);
  return { lines, section, body, variables, ...splitLesson(body, all, variables) };
}

/** The line of the section that points at this HAProxy itself, for lessons; it is no entry. */
function splitLesson(
  body: readonly string[],
  all: readonly EntryLine[],
  env: Variables,
): { readonly entries: readonly EntryLine[]; readonly lesson: EntryLine | undefined } {
  const named = all.find(({ entry }) => entry.name === lessonLine);
  if (named === undefined) return { entries: all, lesson: undefined };
  const depths = blockDepths(body);
  const bound = body.flatMap((line, index) => boundBy(line, depths[index] ?? 0, env));
  const others = all.filter((line) => line !== named);
  const listens = [...bound.filter((each) => each !== null), ...others.map(({ entry }) => entry)];
  if (!pointsAtSelf(named.entry, listens)) return { entries: all, lesson: undefined };
  return { entries: others, lesson: named };
}

/**
 * The peers section `name` in the text of haproxy.cfg. `env` is what HAProxy would begin to expand names with.
 */
export function readPeersSection(
  text: string,
  name: string,
  env: Variables = {},
  version = '',
): PeersSection {
  const { section, body, entries, lesson, variables } = sectionLines(text, name, env);
  return {
    name,
    exists: section !== undefined,
    style: styleOf(body, entries),
    entries: entries.map(({ entry }) => entry),
    ...(lesson === undefined ? {} : { lesson: lesson.entry }),
    ...(speaksTls(body, variables) ? { encrypted: true } : {}),
    version,
    obstacles: [],
  };
}

/** Parameters of a remote line that a new one may take over, and how many words follow them. */
const inherited: ReadonlyMap<string, number> = new Map([
  ['ssl', 0],
  ['crt', 1],
  ['ca-file', 1],
  ['crl-file', 1],
  ['verify', 1],
  ['verifyhost', 1],
]);

/** Parameters that belong to one line only: HAProxy refuses an `id` that is there twice. */
const own: ReadonlySet<string> = new Set(['shard', 'id']);

/**
 * The parameters of a remote line as they are written, or undefined where a new line may not have them: `no-ssl`,
 * `verify none` and the like were meant for that one peer, and would let a new one be talked to without protection.
 */
function parametersOf(line: string, { tokens }: EntryLine): string | undefined {
  const kept: Token[] = [];
  for (let at = 3; at < tokens.length; at++) {
    const word = tokens[at]?.text ?? '';
    if (own.has(word)) {
      at += 1;
      continue;
    }
    const values = inherited.get(word);
    if (values === undefined || (word === 'verify' && tokens[at + 1]?.text !== 'required')) {
      return undefined;
    }
    kept.push(...tokens.slice(at, at + 1 + values));
    at += values;
  }
  return kept.map(({ start, end }) => ` ${line.slice(start, end)}`).join('');
}

/** What all remote lines say (`ssl …`), so that a new one is like its siblings; nothing where one differs. */
function siblingParameters(lines: readonly string[], entries: readonly EntryLine[]): string {
  const siblings = entries.filter(({ addressed }) => addressed);
  const said = new Set(siblings.map((entry) => parametersOf(lines[entry.index] ?? '', entry)));
  const [only] = said;
  return said.size === 1 ? (only ?? '') : '';
}

/**
 * The text with `changes` applied to the peers section `name`: only the lines of those entries change, every
 * other byte stays. An entry without an address is added as the local `server` of a `bind` section. Idempotent.
 * `AppError` PEER_REFUSED for what cannot be an entry.
 */
export function editPeersSection(
  text: string,
  name: string,
  changes: PeersChanges,
  env: Variables = {},
): string {
  refuseEntries([...changes.add, ...changes.update]);
  const { lines, section, body, entries } = sectionLines(text, name, env);
  const todo = remainingChanges(readPeersSection(text, name, env), changes);
  const newline = lineEnd(text);
  if (section === undefined) {
    if (!todo.create) return text;
    const created = todo.add.map(
      (entry) => `    peer ${entry.name} ${formatEndpoint(entry)}${newline}`,
    );
    const gap = text === '' || text.endsWith('\n') ? '' : newline;
    return `${text}${gap}${newline}peers ${name}${newline}${created.join('')}`;
  }
  const result: (string | null)[] = [...lines];
  const removed = new Set(todo.remove.map((entry) => entry.name));
  const updated = new Map(todo.update.map((entry) => [entry.name, entry]));
  for (const { index, entry, tokens } of entries) {
    const line = lines[index] ?? '';
    const target = updated.get(entry.name);
    const address = tokens[2];
    if (removed.has(entry.name)) result[index] = null;
    else if (target !== undefined && address !== undefined) {
      result[index] =
        line.slice(0, address.start) + formatEndpoint(target) + line.slice(address.end);
    }
  }
  const keyword = styleOf(body, entries);
  const parameters = siblingParameters(lines, entries);
  const indent = /^\s*/.exec(lines[entries[0]?.index ?? -1] ?? '    ')?.[0] ?? '    ';
  const added = todo.add.map((entry) => {
    // The local server of a `bind` section has no address: HAProxy refuses one.
    const rest = entry.address === '' ? '' : ` ${formatEndpoint(entry)}${parameters}`;
    return `${indent}${keyword} ${entry.name}${rest}${newline}`;
  });
  // Not inside a block of `.if`: they are to be there in any case.
  const depths = blockDepths(body);
  const unconditional = entries.filter(({ index }) => depths[index - section.start - 1] === 0);
  const at = (unconditional.at(-1)?.index ?? section.end - 1) + 1;
  const before = result[at - 1];
  if (added.length > 0 && typeof before === 'string' && !before.endsWith('\n')) {
    result[at - 1] = before + newline;
  }
  return result
    .toSpliced(at, 0, ...added)
    .filter((line) => line !== null)
    .join('');
}

/** The number of the `# _version=N` line that the Data Plane API writes. */
export function configVersion(text: string): number | undefined {
  const match = /^#\s*_version\s*=\s*(\d+)/m.exec(text);
  return match === null ? undefined : Number(match[1]);
}

export { apiObstacles, apiUnmodelled } from './api-model.ts';
