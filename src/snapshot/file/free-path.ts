import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { type NameParts, snapshotName } from './names.ts';

/** More writers than this never have the same name in the same second. */
const mostWriters = 100;

/**
 * A path that no file has: a replica of another set may have the same name, number and second, and its file is not ours to replace.
 * Throws where `name` was asked for and is taken.
 */
export async function freePath(
  directory: string,
  { sequence, takenAtMs, replica }: NameParts,
  name: string | undefined,
): Promise<string> {
  const isThere = async (path: string) => (await lstat(path).catch(() => null)) !== null;
  for (let more = 0; more < mostWriters; more += 1) {
    const free = snapshotName({ sequence: sequence + more, takenAtMs, replica });
    const path = join(directory, name ?? free);
    if (!(await isThere(path))) return path;
    if (name !== undefined) break;
  }
  throw new Error(`${name ?? 'a file of that name'} is there already`);
}
