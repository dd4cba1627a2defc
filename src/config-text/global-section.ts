import {
  blockDepths,
  findSection,
  findSections,
  lineEnd,
  splitLines,
  tokenize,
  type Variables,
} from './config-text.ts';
import { variablesIn } from './variables.ts';

/**
 * The first global section with `line` added at its end. Where there is none, or only one that a condition decides on, or
 * below a peers section, which needs `localpeer` above itself, one is made at the top: HAProxy takes several.
 */
export function addToGlobal(text: string, line: string): string {
  const newline = lineEnd(text);
  const lines = [...splitLines(text)];
  const depths = blockDepths(lines);
  const section = findSections(lines).find(
    ({ keyword, start }) => keyword === 'global' && depths[start] === 0,
  );
  const peers = findSection(lines, 'peers');
  if (section === undefined || (peers !== undefined && peers.start < section.start)) {
    return `global${newline}    ${line}${newline}${newline}${text}`;
  }
  const last = lines[section.end - 1] ?? '';
  if (!last.endsWith('\n')) lines[section.end - 1] = last + newline;
  lines.splice(section.end, 0, `    ${line}${newline}`);
  return lines.join('');
}

/** Indexes of the lines of all global sections. */
function globalLines(lines: readonly string[]): readonly number[] {
  return findSections(lines)
    .filter(({ keyword }) => keyword === 'global')
    .flatMap(({ start, end }) =>
      Array.from({ length: end - start - 1 }, (_, index) => start + 1 + index),
    );
}

/** `localpeer NAME` in force: in place of another name, which a warning with `why` tells, or added where HAProxy heeds it. */
export function withLocalpeer(
  text: string,
  name: string,
  env: Variables,
  warnings: string[],
  why = 'peers know each other by pod name',
): string {
  const lines = [...splitLines(text)];
  const firstPeers = findSection(lines, 'peers')?.start ?? lines.length;
  const variablesAt = variablesIn([...lines], env);
  const depths = blockDepths(lines);
  let effective = false;
  for (const index of globalLines(lines)) {
    const line = lines[index] ?? '';
    const [keyword, value] = tokenize(line, variablesAt(index));
    if (keyword?.text !== 'localpeer' || value === undefined) continue;
    // HAProxy ignores it below a peers section, and inside a condition that is false.
    effective ||= index < firstPeers && depths[index] === 0;
    if (value.text === name) continue;
    warnings.push(`localpeer ${value.text} of the template is replaced with ${name}: ${why}`);
    lines[index] = line.slice(0, value.start) + name + line.slice(value.end);
  }
  const named = lines.join('');
  return effective ? named : addToGlobal(named, `localpeer ${name}`);
}
