import { styleText } from 'node:util';
import type { Finding } from '../doctor/facts.ts';
import { visibleIn } from '../visible.ts';

const marks = {
  ok: ['ok', 'green'],
  skipped: ['skipped', 'dim'],
  warning: ['warning', 'yellow'],
  failure: ['FAILURE', 'red'],
} as const;

/** What `doctor` prints: a line for each finding, what mends it below, and the sum. */
export function renderFindings(found: readonly Finding[], colors: boolean): string {
  const findings = visibleIn(found);
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, what, mend }) => {
    const [word, colour] = marks[level];
    const mark = word.padEnd(7);
    const painted = colors ? styleText(colour, mark, { validateStream: false }) : mark;
    const line = `${painted}  ${check.padEnd(width)}  ${what}`;
    // Nothing is wrong: it takes no more than a line.
    if (level === 'skipped') return [`${line}; ${mend}`];
    return mend === undefined ? [line] : [line, `${' '.repeat(width + 11)}mend: ${mend}`];
  });
  const count = (level: Finding['level']) => findings.filter((each) => each.level === level).length;
  const skips = count('skipped') === 0 ? '' : `${count('skipped')} skipped, `;
  const sum = `${count('ok')} ok, ${skips}${count('warning')} warnings, ${count('failure')} failures`;
  return `${[...lines, sum].join('\n')}\n`;
}
