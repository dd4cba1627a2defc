import {
  blockDepths,
  findSections,
  type Section,
  splitLines,
  tokenize,
  type Variables,
} from '../../../config-text/config-text.ts';
import { variablesAt } from '../../../config-text/variables.ts';

/** A line of a section, with its words as HAProxy reads them. */
export interface Line {
  readonly index: number;
  /** Inside of how many `.if` blocks it is. */
  readonly depth: number;
  readonly words: readonly string[];
  /** Has a variable whose value is not known here. */
  readonly isUncertain: boolean;
}

export interface FoundBackend {
  readonly kind: 'found';
  readonly lines: readonly string[];
  readonly section: Section;
  readonly body: readonly Line[];
  /** Lines of the `defaults` in force, those that they come from first. */
  readonly defaults: readonly Line[];
}

/** Servers cannot be put there. */
export interface NoBackend {
  readonly kind: 'none';
  readonly why: string;
}

/** A proxy that has servers. */
const proxies: ReadonlySet<string> = new Set(['backend', 'listen']);

interface Depths {
  readonly lines: readonly string[];
  readonly depths: readonly number[];
}

/** Neither blank nor a comment nor a directive. */
function linesOf(
  { lines, depths }: Depths,
  { start, end }: Section,
  env: Variables,
): readonly Line[] {
  return lines.slice(start + 1, end).flatMap((line, at) => {
    const tokens = tokenize(line, env);
    if (tokens.length === 0 || tokens[0]?.text.startsWith('.') === true) return [];
    const index = start + 1 + at;
    const words = tokens.map(({ text }) => text);
    const isUncertain = tokens.some(({ variable }) => variable === 'unset');
    return [{ index, depth: depths[index] ?? 0, words, isUncertain }];
  });
}

/** `from NAME` of a header. */
function fromOf(line: string, env: Variables): string | undefined {
  const words = tokenize(line, env).map(({ text }) => text);
  const at = words.indexOf('from', 1);
  return at < 0 ? undefined : words[at + 1];
}

/**
 * The `defaults` that apply to a section, those that they come from first: named by `from`, else the last ones above it, whether they
 * have a name or not. `defaults` without `from` begin with nothing (configuration manual 4, src/cfgparse.c).
 */
function defaultsOf(
  section: Section,
  sections: readonly Section[],
  lines: readonly string[],
  env: Variables,
): readonly Section[] {
  const from = fromOf(lines[section.start] ?? '', env);
  if (from === undefined && section.keyword === 'defaults') return [];
  const one = sections.findLast(
    ({ keyword, name, start }) =>
      keyword === 'defaults' && start < section.start && (from === undefined || name === from),
  );
  return one === undefined ? [] : [...defaultsOf(one, sections, lines, env), one];
}

/** Where in haproxy.cfg the servers of a backend are; `env` is that with which HAProxy begins. */
export function findBackend(text: string, name: string, env: Variables): FoundBackend | NoBackend {
  const lines = splitLines(text);
  const sections = findSections(lines);
  const [section, ...others] = sections.filter(
    (each) => proxies.has(each.keyword) && each.name === name,
  );
  if (section === undefined)
    return { kind: 'none', why: `haproxy.cfg has no backend and no listen of the name ${name}` };
  if (others.length > 0) {
    const at = [section, ...others].map(({ start }) => start + 1).join(' and ');
    return { kind: 'none', why: `${name} begins in haproxy.cfg in lines ${at}` };
  }
  const depths = blockDepths(lines);
  if (depths[section.start] !== 0) {
    const why = `line ${section.start + 1}: ${section.keyword} ${name} is in a condition of .if`;
    return { kind: 'none', why: `${why}: put it outside` };
  }
  const variables = variablesAt(lines, section.start, env);
  const defaults = defaultsOf(section, sections, lines, variables);
  return {
    ...{ kind: 'found', lines, section },
    body: linesOf({ lines, depths }, section, variables),
    defaults: defaults.flatMap((each) => linesOf({ lines, depths }, each, variables)),
  };
}
