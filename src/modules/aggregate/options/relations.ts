import { quoted } from '../../../model/names.ts';

export interface GivenOptions {
  /** The parsed value by the name of the option; undefined or null where there is none that is right. */
  value(name: string): unknown;
}

const mostKeys = 5_000_000;
const shape = /^[.:_-][A-Za-z0-9.:_-]{1,30}$/;
/** Of the other replicas, and of the one that has most. */
const taken = ['.others', '.max'];

/** What is wrong with the options of sums, one sentence each; all of them are told at once. */
export function aggregateProblems({ value }: GivenOptions): readonly string[] {
  if (value('aggregate') !== true) return [];
  const problems: string[] = [];
  const suffix = value('aggregate-suffix');
  if (typeof suffix === 'string' && !shape.test(suffix))
    problems.push(
      `--aggregate-suffix ${quoted(suffix)} cannot end the name of a table: one of . : _ - and then letters, digits or these, 2 to 31 characters`,
    );
  for (const other of taken)
    if (typeof suffix === 'string' && (suffix.endsWith(other) || other.endsWith(suffix)))
      problems.push(
        `--aggregate-suffix ${quoted(suffix)} is that of ${other}, which is no table of sums of all`,
      );
  const keys = value('aggregate-max-keys');
  if (typeof keys === 'number' && (keys < 1 || keys > mostKeys))
    problems.push(`--aggregate-max-keys ${keys} is not from 1 to ${mostKeys}`);
  if (value('dry-run') === true)
    problems.push('--aggregate and --dry-run exclude each other: HAProxy is told sums at once');
  return problems;
}
