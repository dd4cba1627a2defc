import { type ForeignLine, foreignLines, type OwnEntries } from './foreign-lines.ts';

/** What another program makes of a configuration when it writes it anew. */
export interface Damage {
  readonly line: ForeignLine;
  /** `lost`: gone, or no longer saying the same; `moved`: behind others that HAProxy now reads before it. */
  readonly kind: 'lost' | 'moved';
}

/**
 * The lines of `before` that `after` does not have any more, or not in the order that counts, except those of
 * `own`. Empty: whatever `after` is, it says what `before` said. Comments count, spaces, quotes and the order of sections do not.
 */
export function damages(
  before: string,
  after: string,
  own: readonly OwnEntries[],
): readonly Damage[] {
  const wanted = foreignLines(before, own);
  const there = foreignLines(after, own);
  const left = new Map<string, number>();
  for (const { key } of there) left.set(key, (left.get(key) ?? 0) + 1);
  const lost = wanted.filter(({ key }) => {
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
  if (lost.length > 0) return lost.map((line) => ({ line, kind: 'lost' }));
  const thereLists = lists(there);
  return [...lists(wanted)].flatMap(([list, inOrder]) => {
    const now = thereLists.get(list) ?? [];
    const moved = inOrder.find(({ key }, index) => now[index]?.key !== key);
    return moved === undefined ? [] : [{ line: moved, kind: 'moved' as const }];
  });
}

/** Whether `one` and `other` are one configuration, by whomever each was written. */
export function saysTheSame(one: string, other: string): boolean {
  return damages(one, other, []).length === 0 && damages(other, one, []).length === 0;
}

function lists(lines: readonly ForeignLine[]): ReadonlyMap<string, readonly ForeignLine[]> {
  const found = new Map<string, ForeignLine[]>();
  for (const line of lines) {
    if (line.list === undefined) continue;
    const list = found.get(line.list) ?? [];
    list.push(line);
    found.set(line.list, list);
  }
  return found;
}

const toldAtMost = 5;

/** For people, with the first of the lines. */
export function describeDamages(all: readonly Damage[]): string {
  const said = all
    .slice(0, toldAtMost)
    .map(({ line, kind }) => `line ${line.number} (${line.title}) would be ${kind}`);
  const more = all.length > toldAtMost ? [`and ${all.length - toldAtMost} more`] : [];
  return [...said, ...more].join(', ');
}
