import {
  findSections,
  lineEnd,
  splitLines,
  type Variables,
} from '../../../config-text/config-text.ts';
import { findBackend } from './find-backend.ts';
import { placeOf } from './read-backend.ts';
import { isMarked, readServerLine } from './server-line.ts';

/** Our lines by backend, as they are written. */
function ours(text: string, env: Variables): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, ReadonlyMap<string, string>>();
  for (const { name, keyword } of findSections(splitLines(text))) {
    if (keyword !== 'backend' && keyword !== 'listen') continue;
    const backend = findBackend(text, name, env);
    if (backend.kind === 'none') continue;
    const servers = backend.body.flatMap((line) => readServerLine(line) ?? []).filter(isMarked);
    const lines = servers.map(
      (server) => [server.name, (backend.lines[server.line.index] ?? '').trimEnd()] as const,
    );
    if (lines.length > 0) found.set(name, new Map(lines));
  }
  return found;
}

/**
 * `next` with our servers of `live`, whose lines stay as they are: a file that is made anew, of a template, has none. A backend
 * that `next` does not have, or has in a condition, gets none. Pure.
 */
export function carryServers(live: string, next: string, env: Variables): string {
  let text = next;
  for (const [name, lines] of ours(live, env)) {
    const backend = findBackend(text, name, env);
    if (backend.kind === 'none') continue;
    const there = new Set(backend.body.flatMap((line) => readServerLine(line)?.name ?? []));
    const missing = [...lines].filter(([server]) => !there.has(server));
    if (missing.length === 0) continue;
    const place = placeOf(backend);
    const newline = lineEnd(text);
    const before = backend.lines.slice(0, place).join('');
    const gap = before.endsWith('\n') ? '' : newline;
    const block = missing.map(([, line]) => line + newline).join('');
    text = before + gap + block + backend.lines.slice(place).join('');
  }
  return text;
}
