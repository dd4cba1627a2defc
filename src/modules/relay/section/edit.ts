import {
  blockDepths,
  findSections,
  lineEnd,
  splitLines,
  tokenize,
  type Variables,
} from '../../../config-text/config-text.ts';
import type { PeerLine } from '../../../config-text/own-name.ts';
import { sumsPeer, sumsSection } from '../../../config-text/sums-section.ts';
import { variablesAt } from '../../../config-text/variables.ts';
import { isLocal, parseAddress } from './address.ts';
import { fateOf, strangerIn } from './peers-lines.ts';
import type { Problem } from './refused-lines.ts';
import { localName } from './slots.ts';

export interface EditInput {
  readonly template: string;
  readonly sectionName: string;
  readonly env: Variables;
}

/** What is done to the lines of the template, by their indexes, before others are added. */
export interface Edit {
  /** Null: it is taken out. */
  readonly lines: (string | null)[];
  readonly problems: Problem[];
}

/** The line over which HAProxy and sidecar talk of sums: it leads to this HAProxy itself. */
function isSidecar({ section, name, index }: PeerLine, { lines }: Edit): boolean {
  if (section !== sumsSection || name.text !== sumsPeer) return false;
  const at = parseAddress(tokenize(lines[index] ?? '')[2]?.text ?? '');
  return at !== null && isLocal(at);
}

export function editOtherSections(
  entries: readonly PeerLine[],
  input: EditInput,
  edit: Edit,
): void {
  const sections = findSections(splitLines(input.template)).filter(
    ({ keyword, name }) => keyword === 'peers' && name !== input.sectionName,
  );
  for (const section of sections) {
    const inIt = entries.filter(({ index }) => index > section.start && index < section.end);
    const stranger = inIt.find((entry) => !entry.isOwn && !isSidecar(entry, edit));
    if (stranger !== undefined)
      edit.problems.push({ index: stranger.index, why: strangerIn(section) });
    for (const entry of inIt) {
      if (isSidecar(entry, edit)) continue;
      const { index, name } = entry;
      const line = edit.lines[index] ?? '';
      edit.lines[index] = line.slice(0, name.start) + localName + line.slice(name.end);
    }
  }
}

/** Takes out what `block` replaces, and puts it there: where the first such line was, or at the end of the section. */
export function editSection(
  entries: readonly PeerLine[],
  block: readonly string[],
  input: EditInput,
  edit: Edit,
): void {
  const given = splitLines(input.template);
  const section = findSections(given).find(
    ({ keyword, name }) => keyword === 'peers' && name === input.sectionName,
  );
  const newline = lineEnd(input.template);
  const indented = (indent: string) => block.map((line) => `${indent}${line}${newline}`).join('');
  if (section === undefined) {
    const last = edit.lines.at(-1) ?? '\n';
    const gap = last.endsWith('\n') ? '' : newline;
    edit.lines.push(`${gap}${newline}peers ${input.sectionName}${newline}${indented('    ')}`);
    return;
  }
  if (blockDepths(given)[section.start] !== 0)
    edit.problems.push({
      index: section.start,
      why: 'the section is in a condition of .if: put it outside',
    });
  const byIndex = new Map(entries.map((entry) => [entry.index, entry]));
  const env = variablesAt(given, section.start, input.env);
  const body = given.slice(section.start + 1, section.end);
  const depths = blockDepths(body);
  let place: number | undefined;
  for (const [at, line] of body.entries()) {
    const index = section.start + 1 + at;
    const fate = fateOf(line, byIndex.get(index), env);
    if (fate.kind === 'stays') continue;
    if (fate.kind === 'refused')
      edit.problems.push({ index, why: `"${line.trim()}": ${fate.why}` });
    if (depths[at] === 0) place ??= index;
    edit.lines[index] = null;
  }
  if (place !== undefined) {
    edit.lines[place] = indented(/^\s*/.exec(given[place] ?? '')?.[0] ?? '');
    return;
  }
  const before = edit.lines[section.end - 1];
  const gap = typeof before === 'string' && !before.endsWith('\n') ? newline : '';
  edit.lines[section.end - 1] = `${before ?? ''}${gap}${indented('    ')}`;
}
