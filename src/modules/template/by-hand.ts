import {
  type ForeignLine,
  foreignLines,
  type OwnEntries,
} from '../../config-text/foreign-lines.ts';
import { damages } from '../../config-text/surviving-lines.ts';

/**
 * What somebody else has made of `base` in `live` and `next` does not have, one sentence each, without the words of a line.
 * Empty: nobody loses anything by `next`. Lines of `own` are nobody else's.
 */
export function changedByHand(
  base: string,
  live: string,
  next: string,
  own: readonly OwnEntries[],
): readonly string[] {
  const [before, now, after] = [base, live, next].map((text) => countsOf(text, own));
  const wrong: string[] = [];
  for (const [key, { count, line }] of now ?? []) {
    const added = count > (before?.get(key)?.count ?? 0);
    if (added && (after?.get(key)?.count ?? 0) < count)
      wrong.push(`line ${line.number} (${line.title}) was added and would be lost`);
  }
  for (const [key, { count, line }] of before ?? []) {
    const left = now?.get(key)?.count ?? 0;
    if (left < count && (after?.get(key)?.count ?? 0) > left)
      wrong.push(`${line.title} was taken out and would come back`);
  }
  if (wrong.length > 0) return wrong;
  const [moved] = damages(base, live, own).filter(({ kind }) => kind === 'moved');
  if (moved === undefined || damages(live, next, own).every(({ kind }) => kind !== 'moved'))
    return [];
  return [`${moved.line.title} was moved and would be moved back`];
}

function countsOf(text: string, own: readonly OwnEntries[]) {
  const counts = new Map<string, { readonly count: number; readonly line: ForeignLine }>();
  for (const line of foreignLines(text, own)) {
    counts.set(line.key, { count: (counts.get(line.key)?.count ?? 0) + 1, line });
  }
  return counts;
}
