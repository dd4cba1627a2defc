import {
  findSections,
  lineEnd,
  splitLines,
  type Variables,
} from '../../../config-text/config-text.ts';
import { type FoundBackend, findBackend } from './find-backend.ts';
import { placeOf } from './read-backend.ts';
import { isMarked, readServerLine, type ServerLine } from './server-line.ts';

/** A line of ours without a look at its section: name and id stand in it as they are, whoever has written the rest. */
const maybeOurs = /^[ \t]*server[ \t]+(\S+)[ \t].*[ \t]id[ \t]+(\d+)/;

function mayBeOurs(line: string): boolean {
  const [, name, id] = maybeOurs.exec(line) ?? [];
  return name !== undefined && isMarked({ name, id: Number(id) });
}

interface Ours {
  readonly backend: string;
  readonly found: FoundBackend;
  readonly servers: readonly ServerLine[];
}

/** Where our lines are. A backend costs a look at the whole file, so that only those are looked at that have a line like ours. */
function oursIn(text: string, env: Variables): readonly Ours[] {
  const lines = splitLines(text);
  if (!lines.some(mayBeOurs)) return [];
  return findSections(lines).flatMap(({ name: backend, keyword, start, end }): readonly Ours[] => {
    if (keyword !== 'backend' && keyword !== 'listen') return [];
    if (!lines.slice(start + 1, end).some(mayBeOurs)) return [];
    const found = findBackend(text, backend, env);
    if (found.kind === 'none') return [];
    const servers = found.body.flatMap((line) => readServerLine(line) ?? []).filter(isMarked);
    return [{ backend, found, servers }];
  });
}

/** `text` with an empty line in the place of each server of ours: what is left is somebody else's. Pure. */
export function withoutServers(text: string, env: Variables): string {
  const lines = [...splitLines(text)];
  for (const { servers } of oursIn(text, env))
    for (const { line } of servers)
      lines[line.index] = (lines[line.index] ?? '').replace(/^[^\r\n]*/, '');
  return lines.join('');
}

/**
 * `next` with our servers of `live`, whose lines stay as they are: a file that is made anew, of a template, has none. A backend
 * that `next` does not have, or has in a condition, gets none. Pure.
 */
export function carryServers(live: string, next: string, env: Variables): string {
  let text = next;
  for (const { backend: name, found, servers } of oursIn(live, env)) {
    const backend = findBackend(text, name, env);
    if (backend.kind === 'none') continue;
    const there = new Set(backend.body.flatMap((line) => readServerLine(line)?.name ?? []));
    const byName = new Map(servers.map((server) => [server.name, server]));
    const missing = [...byName.values()].filter((server) => !there.has(server.name));
    if (missing.length === 0) continue;
    const place = placeOf(backend);
    const newline = lineEnd(text);
    const before = backend.lines.slice(0, place).join('');
    const gap = before.endsWith('\n') ? '' : newline;
    const block = missing
      .map(({ line }) => (found.lines[line.index] ?? '').trimEnd() + newline)
      .join('');
    text = before + gap + block + backend.lines.slice(place).join('');
  }
  return text;
}
