import type { SnapshotName } from '../file/names.ts';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/** The oldest of the newest `count` slots of that length. */
function firstOfSlots(
  newestFirst: readonly SnapshotName[],
  slotMs: number,
  count: number,
): readonly SnapshotName[] {
  const first = new Map<number, SnapshotName>();
  for (const each of newestFirst) first.set(Math.floor(each.takenAtMs / slotMs), each);
  return [...first.entries()]
    .toSorted(([left], [right]) => right - left)
    .slice(0, count)
    .map(([, each]) => each);
}

/**
 * The files that may go. The newest `count` stay, and so do the first of this hour and the one before, and of this day and the
 * one before: after a start without entries, new snapshots must not have crowded out all that held them before somebody looks.
 * `files`: newest first, as `snapshotsIn` has them.
 */
export function superfluous(files: readonly SnapshotName[], count: number): readonly string[] {
  const kept = new Set([
    ...files.slice(0, Math.max(1, count)),
    ...firstOfSlots(files, hourMs, 2),
    ...firstOfSlots(files, dayMs, 2),
  ]);
  return files.filter((each) => !kept.has(each)).map(({ file }) => file);
}
