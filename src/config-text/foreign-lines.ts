import { findSections, type Section, splitLines, tokenize, type Variables } from './config-text.ts';

/** A line of haproxy.cfg that is not ours, in a form in which equal keys mean the same to HAProxy. */
export interface ForeignLine {
  /** 1 for the first line of the file. */
  readonly number: number;
  /** What and where it is, for people. Never the words of the line, which may contain a secret. */
  readonly title: string;
  readonly key: string;
  /** HAProxy reads the lines of one list in order: it uses the first match, or counts them. */
  readonly list: string | undefined;
}

/** Entries that are being changed. Their lines in one section are ours. */
export interface OwnEntries {
  /** Of the section: `peers`, `backend`. */
  readonly keyword: string;
  /** Name of the section, e.g. `haproxy-peers`. */
  readonly section: string;
  readonly names: ReadonlySet<string>;
  /** For names that are written as variables. */
  readonly env: Variables;
}

/** Variables stay as written, so a line that has lost one counts as a different line. */
const asWritten: Variables = new Proxy<Record<string, string>>(
  {},
  {
    get: (_target, name) => `\${${String(name)}}`,
    // All variables are own properties: inherited ones are not read.
    getOwnPropertyDescriptor: (_target, name) => ({
      value: `\${${String(name)}}`,
      configurable: true,
      enumerable: true,
    }),
  },
);

/** Keywords that the Data Plane API replaces by others with the same meaning. */
const synonyms: ReadonlyMap<string, string> = new Map([['deny_status', 'status']]);

/** Defaults that only apply to the lines below them. */
const defaultsOf: ReadonlyMap<string, string> = new Map([
  ['server', 'default-server'],
  ['server-template', 'default-server'],
  ['peer', 'default-server'],
  ['bind', 'default-bind'],
]);

const ordered =
  /^(https?-(request|response|after-response|check)|tcp-(request|response|check)|use_backend|use-server|redirect|stick|filter|capture|declare|(force|ignore)-persist|server(-template)?|(pre)?setenv|(un|re)setenv|lua-.*)$/;

/** The API reorders the parameters of a line, but never those of a condition. */
function keyOf(words: readonly string[]): string {
  const at = words.findIndex((word) => word === 'if' || word === 'unless');
  const parameters = words.slice(1, at < 0 ? undefined : at);
  const condition = at < 0 ? [] : words.slice(at);
  const sorted = parameters.map((word) => synonyms.get(word) ?? word).toSorted();
  return [words[0] ?? '', ...sorted, ...condition].join('\0');
}

function listOf([keyword = '', second = '']: readonly string[], section: string) {
  if (!ordered.test(keyword) || section.startsWith('peers ')) return undefined;
  if (/env$/.test(keyword)) return `${section}|env`;
  if (keyword.startsWith('lua-')) return `${section}|lua`;
  if (keyword === 'server-template') return `${section}|server`;
  // Rules for connection, session and content are separate lists.
  return `${section}|${keyword === 'tcp-request' ? `tcp-request ${second}` : keyword}`;
}

/** Gives unnamed `defaults` the names that the API gives them, and each proxy the ones that apply to it. */
function headNames(sections: readonly Section[]) {
  const taken = new Set(sections.filter(isDefaults).map(({ name }) => name));
  let current = '';
  let unnamed = 0;
  return (head: Section, words: readonly string[]): readonly [name: string, from: string] => {
    const at = words.indexOf('from');
    let { name } = head;
    if (isDefaults(head)) {
      if (name === '' || at === 1) {
        do name = `unnamed_defaults_${++unnamed}`;
        while (taken.has(name));
      }
      current = name;
      return [name, at < 0 ? '' : (words[at + 1] ?? '')];
    }
    return [name, at < 0 ? current : (words[at + 1] ?? '')];
  };
}

function isDefaults({ keyword }: Section): boolean {
  return keyword === 'defaults';
}

/** The lines about itself that the API writes at the top of a file (dataplaneapi client-native/cn.go). */
const apiComments: ReadonlySet<string> = new Set([
  'Dataplaneapi managed File',
  'changing file directly can cause a conflict if dataplaneapi is running',
]);

function commentOf(line: string): string | undefined {
  const text = line.trim();
  if (!text.startsWith('#') || /^# _\w+=/.test(text)) return undefined;
  const words = text.replace(/^#\s*/, '');
  return apiComments.has(words) ? undefined : words;
}

/** All lines except ours, the lines that the Data Plane API writes at the top of the file, and empty comments. */
export function foreignLines(text: string, own: readonly OwnEntries[]): readonly ForeignLine[] {
  const lines = splitLines(text);
  const sections = findSections(lines);
  const heads = new Map(sections.map((head) => [head.start, head]));
  const namesOf = headNames(sections);
  const found: ForeignLine[] = [];
  let section = '';
  let ours: readonly OwnEntries[] = [];
  let defaults = new Map<string, number>();
  for (const [index, line] of lines.entries()) {
    const add = (key: string, title: string, list?: string) =>
      found.push({ number: index + 1, title, key, list });
    const words = tokenize(line, asWritten).map((token) => token.text);
    const head = heads.get(index);
    if (words.length === 0) {
      const comment = commentOf(line);
      if (comment !== undefined && comment !== '') add(`#\0${comment}`, 'a comment');
    } else if (head !== undefined) {
      const [name, from] = namesOf(head, words);
      section = `${head.keyword} ${name}`;
      ours = own.filter(
        ({ keyword, section: ownName }) => keyword === head.keyword && ownName === name,
      );
      defaults = new Map();
      // HAProxy treats several global sections as one.
      if (head.keyword === 'global') section = 'global';
      else if (/^(defaults|frontend|backend|listen)$/.test(head.keyword)) {
        add(`${section} from ${from}`, section);
      } else add([section, ...words.slice(2)].join('\0'), section);
    } else if (!ours.some((entries) => isOwn(line, entries))) {
      const [keyword = ''] = words;
      if (keyword.startsWith('default-')) defaults.set(keyword, (defaults.get(keyword) ?? 0) + 1);
      const above = defaults.get(defaultsOf.get(keyword) ?? '') ?? 0;
      const key = `${section}|${above}|${keyOf(words)}`;
      add(key, `${keyword} in ${section}`, listOf(words, section));
    }
  }
  return found;
}

function isOwn(line: string, { names, env }: OwnEntries): boolean {
  const [keyword, name] = tokenize(line, env);
  return /^(peer|server)$/.test(keyword?.text ?? '') && names.has(name?.text ?? '');
}
