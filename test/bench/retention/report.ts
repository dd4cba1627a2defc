import type { Result, Way } from './result.ts';

export const head = [
  'scenario',
  'entries',
  'kept: ours',
  'naive',
  'ratio',
  'live keys missing (any/all of acknowledged): ours',
  'naive',
  'reloads old/new: ours',
  'naive',
  'ready s: ours',
  'naive',
  'wall s: ours',
  'naive',
] as const;

function whole(value: number): string {
  return value.toLocaleString('en');
}

function worst(runs: readonly Result[], of: (run: Result) => number | null): number | null {
  const values = runs.map(of).filter((value) => value !== null);
  return values.length === 0 ? null : Math.max(...values);
}

function kept(runs: readonly Result[]): string {
  if (runs.length === 0) return '-';
  if (runs.some(({ failure }) => failure !== null)) return 'failed';
  return whole(Math.min(...runs.map((run) => run.kept)));
}

function ratio(ours: readonly Result[], naive: readonly Result[]): string {
  if (ours.length === 0 || naive.length === 0) return '-';
  const [left, right] = [ours, naive].map((runs) => Math.min(...runs.map(share))) as [
    number,
    number,
  ];
  if (right === 0) return left === 0 ? '-' : '∞';
  return (left / right).toFixed(2);
}

function share({ kept, entries }: Result): number {
  return entries === 0 ? 1 : kept / entries;
}

function live(runs: readonly Result[]): string {
  if (runs.length === 0) return '-';
  const any = worst(runs, (run) => run.missingAny) ?? 0;
  const all = worst(runs, (run) => run.missingAll) ?? 0;
  return `${whole(any)}/${whole(all)} of ${whole(worst(runs, (run) => run.acked) ?? 0)}`;
}

/** `!`: an old replica reloaded more often than somebody joined, or any replica in relay mode. */
function reloads(runs: readonly Result[]): string {
  if (runs.length === 0) return '-';
  const old = worst(runs, (run) => run.reloadsOld);
  const fresh = worst(runs, (run) => run.reloadsNew);
  return `${old ?? '-'}${tooManyReloads(runs) ? '!' : ''}/${fresh ?? '-'}`;
}

export function tooManyReloads(runs: readonly Result[]): boolean {
  return runs.some(
    (run) => reloadedInRelayMode(run) || (run.reloadsOld !== null && run.reloadsOld > run.joins),
  );
}

function reloadedInRelayMode({ way, reloadsOld, reloadsNew }: Result): boolean {
  return way === 'relay' && (reloadsOld ?? 0) + (reloadsNew ?? 0) > 0;
}

function seconds(runs: readonly Result[], of: (run: Result) => number | null): string {
  return worst(runs, of)?.toFixed(1) ?? '-';
}

/** One row for all repetitions of a scenario: the worst of each. */
export function row(ours: readonly Result[], naive: readonly Result[]): readonly string[] {
  const [first] = [...ours, ...naive];
  return [
    first?.scenario ?? '',
    whole(Math.max(...[...ours, ...naive].map(({ entries }) => entries))),
    kept(ours),
    kept(naive),
    ratio(ours, naive),
    live(ours),
    live(naive),
    reloads(ours),
    reloads(naive),
    seconds(ours, (run) => run.readySeconds),
    seconds(naive, (run) => run.readySeconds),
    seconds(ours, (run) => run.seconds),
    seconds(naive, (run) => run.seconds),
  ];
}

/** The runs in relay mode, or of the other checkout, of the scenario of the row above, in the columns of ours. */
export function rowBelow(way: 'relay' | 'beside', runs: readonly Result[]): readonly string[] {
  const [scenario, ...cells] = row(runs, []);
  return [`${scenario} (${way})`, ...cells];
}

/** A row shows the worst of all runs, which on a busy machine says little of two checkouts: how long each run took. */
export function eachRun(scenario: string, { ours, beside }: Record<Way, Result[]>): string {
  const each = (runs: readonly Result[]) =>
    runs.map(({ seconds: wall }) => wall?.toFixed(1) ?? '-').join(', ');
  return `${scenario}, wall s of each run: ours ${each(ours)}; beside ${each(beside)}`;
}

/** Did one of our runs fail, lose an entry that was there before the change, or reload in relay mode? */
export function lossy(runs: readonly Result[]): boolean {
  return runs.some(
    (run) =>
      (run.way === 'ours' || run.way === 'relay') &&
      (run.failure !== null || run.kept < run.entries || reloadedInRelayMode(run)),
  );
}

export function markdown(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Columns of one width, for a terminal; long heads are cut into words below each other. */
export function aligned(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const widths = columns.map((_, index) =>
    Math.max(
      ...rows.map((cells) => cells[index]?.length ?? 0),
      ...(columns[index] ?? '').split(' ').map((word) => word.length),
    ),
  );
  const stacks = columns.map((column, index) => wrap(column, widths[index] ?? 0));
  const height = Math.max(...stacks.map((stack) => stack.length));
  const heads = Array.from({ length: height }, (_, line) =>
    stacks.map((stack) => stack[line] ?? ''),
  );
  return [...heads, ...rows].map((cells) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
