import { lineEnd, type Variables } from '../../../config-text/config-text.ts';
import type { WantedBackend, WantedServer } from '../server.ts';
import { type FoundBackend, findBackend, type Line } from './find-backend.ts';
import { placeOf } from './read-backend.ts';
import {
  isMarked,
  makesName,
  readServerLine,
  readTemplateLine,
  type ServerLine,
  sense,
} from './server-line.ts';
import { configWord, serverProblem, serverWords } from './server-text.ts';

export interface EditOptions {
  /** That with which HAProxy begins. */
  readonly env?: Variables;
  /** Words of each server behind those that say which it is, from --server-params. */
  readonly params?: readonly string[];
  /**
   * Names of servers that this program has written into the backend, as far as it remembers. A line goes only if its name is among them
   * and its id is one that this program makes; what was there before is kept.
   */
  readonly written?: ReadonlySet<string>;
}

/** The text with the servers of a backend, and what is not as it is wanted. */
export interface Edited {
  readonly text: string;
  /** Keyword of the section; null: there is none. */
  readonly keyword: string | null;
  /** One sentence each; no words of somebody else's lines. */
  readonly problems: readonly string[];
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

interface Present {
  readonly ours: readonly ServerLine[];
  readonly others: readonly ServerLine[];
  readonly templates: readonly Line[];
}

/** Which lines are ours: the id says so, and we remember the name, or want just this server. */
function sort(
  { body }: FoundBackend,
  wanted: WantedBackend,
  written: ReadonlySet<string>,
): Present {
  const ids = new Map(wanted.servers.map(({ name, id }) => [name, id]));
  const servers = body.flatMap((line) => readServerLine(line) ?? []);
  const isOurs = (server: ServerLine) =>
    isMarked(server) && (written.has(server.name) || ids.get(server.name) === server.id);
  return {
    ours: servers.filter(isOurs),
    others: servers.filter((server) => !isOurs(server)),
    templates: body.filter(({ words }) => words[0] === 'server-template'),
  };
}

/** Those that can be written beside what is not ours, by name. */
function possible(wanted: WantedBackend, { others, templates }: Present, problems: string[]) {
  const names = new Set(others.map(({ name }) => name));
  const ids = new Set(others.map(({ id }) => id));
  const made = templates.flatMap((line) => readTemplateLine(line) ?? []);
  const fits: WantedServer[] = [];
  for (const server of wanted.servers) {
    const { name, id } = server;
    const problem = serverProblem(server);
    if (problem !== undefined) problems.push(problem);
    else if (names.has(name) || made.some((template) => makesName(template, name)))
      problems.push(`${wanted.name} has another server ${name}, so that of the pod is left out`);
    else if (ids.has(id))
      problems.push(`${wanted.name} has another server of the id ${id}: ${name} is left out`);
    else {
      names.add(name);
      ids.add(id);
      fits.push(server);
    }
  }
  return fits.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Changes nothing else: each other line keeps its bytes and its place among the others. */
function withBlock(found: FoundBackend, ours: readonly ServerLine[], block: readonly string[]) {
  const { lines, section } = found;
  const place = placeOf(found);
  const gone = new Set(ours.map(({ line }) => line.index));
  const model = gone.has(place) ? lines[place] : lines[found.body[0]?.index ?? -1];
  const indent = /^[ \t]+/.exec(model ?? '')?.[0] ?? '    ';
  const newline = lineEnd(lines.join(''));
  const text = block.map((line) => `${indent}${line}${newline}`).join('');
  const made = lines.map((line, index) => (gone.has(index) ? '' : line));
  if (place < section.end) made[place] = text + (gone.has(place) ? '' : (made[place] ?? ''));
  else {
    const before = lines[section.end - 1] ?? '';
    const gap = before.endsWith('\n') || text === '' ? '' : newline;
    made[section.end - 1] = `${made[section.end - 1]}${gap}${text}`;
  }
  return made.join('');
}

function same(one: ServerLine, other: ServerLine): boolean {
  return one.line.depth === 0 && sense(one) === sense(other);
}

/**
 * haproxy.cfg with the servers that a backend should have, and no other line changed. Without a difference it is the text that was
 * given, byte for byte, whatever order the words of our lines have. Pure.
 */
export function editServers(
  text: string,
  wanted: WantedBackend,
  options: EditOptions = {},
): Edited {
  const { env = {}, params = [], written = new Set() } = options;
  const found = findBackend(text, wanted.name, env);
  if (found.kind === 'none') {
    const nothing = { added: [], changed: [], removed: [] };
    return { text, keyword: null, problems: [found.why], ...nothing };
  }
  const { keyword } = found.section;
  const present = sort(found, wanted, written);
  const problems: string[] = [];
  const lines = possible(wanted, present, problems).map((server) => serverWords(server, params));
  const targets = lines.flatMap(
    (words) => readServerLine({ index: -1, depth: 0, words, isUncertain: false }) ?? [],
  );
  const before = new Map(present.ours.map((server) => [server.name, server]));
  const names = new Set(targets.map(({ name }) => name));
  const changes = {
    added: targets.filter(({ name }) => !before.has(name)).map(({ name }) => name),
    changed: targets
      .filter((target) => {
        const now = before.get(target.name);
        return now !== undefined && !same(now, target);
      })
      .map(({ name }) => name),
    removed: present.ours.filter(({ name }) => !names.has(name)).map(({ name }) => name),
  };
  const { added, changed, removed } = changes;
  const differs = added.length + changed.length + removed.length > 0;
  const isTwice = before.size < present.ours.length;
  if (!differs && !isTwice) return { text, keyword, problems, ...changes };
  const block = lines.map((words) => words.map(configWord).join(' '));
  return { text: withBlock(found, present.ours, block), keyword, problems, ...changes };
}
