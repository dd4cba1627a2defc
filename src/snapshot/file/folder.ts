import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotHeader } from './about.ts';
import { readSnapshotName, type SnapshotName, writerOfPartial } from './names.ts';
import { peekSnapshot } from './open-snapshot.ts';

/** More files than this are not looked at: the newest are. */
const mostFiles = 1000;

/** The snapshots of a directory by their names alone, newest first: by number, then by date. Throws what the file system says. */
export async function snapshotsIn(directory: string): Promise<readonly SnapshotName[]> {
  const names = (await readdir(directory)).flatMap((file) => readSnapshotName(file) ?? []);
  return names
    .toSorted((left, right) => right.sequence - left.sequence || compare(right.file, left.file))
    .slice(0, mostFiles);
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/**
 * Greater than that of every snapshot there. What has such a name and is none does not count: after the highest number that a
 * name can have no later file would be found.
 */
export async function nextSequence(directory: string): Promise<number> {
  for (const { file, sequence } of await snapshotsIn(directory))
    if ((await peekSnapshot(join(directory, file))) !== null) return sequence + 1;
  return 1;
}

/** Those of them that say that they are of this set: others may be in the same directory, and are not ours to remove. */
export async function snapshotsOfSet(
  directory: string,
  set: string,
): Promise<readonly SnapshotName[]> {
  const own: SnapshotName[] = [];
  for (const each of await snapshotsIn(directory)) {
    const header = await peekSnapshot(join(directory, each.file));
    if (header?.set === set) own.push(each);
  }
  return own;
}

/** One that cannot be removed keeps no other: what the file system says of the first is thrown when all were tried. */
export async function removeSnapshots(
  directory: string,
  files: readonly string[],
  remove: (path: string) => Promise<void> = (path) => rm(path, { force: true }),
): Promise<void> {
  const outcomes: PromiseSettledResult<void>[] = [];
  for (const file of files)
    outcomes.push(...(await Promise.allSettled([remove(join(directory, file))])));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** A part that another replica began is left by one that was killed only if it is older than this, in milliseconds. */
const abandonedMs = 60 * 60 * 1000;

/**
 * Removes what was begun and never finished: all of this replica of this set, which writes nothing at this moment, and those of
 * others and of commands that are an hour old. A replica of another set may have the same name, that of a node for instance, so
 * the header counts, too. Returns how many.
 */
export async function removePartials(
  directory: string,
  own: Pick<SnapshotHeader, 'replica' | 'set'>,
  wallNowMs: number,
): Promise<number> {
  let removed = 0;
  for (const file of await readdir(directory)) {
    const writer = writerOfPartial(file);
    if (writer === null) continue;
    const path = join(directory, file);
    const changed = await stat(path).catch(() => null);
    const header = writer.byHand ? null : await peekSnapshot(path);
    const isOwn = header?.replica === own.replica && header.set === own.set;
    if (!isOwn && (changed === null || wallNowMs - changed.mtimeMs < abandonedMs)) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}
