import { join } from 'node:path';
import { notOurs, type Ours } from '../../snapshot/decide/choose.ts';
import type { SnapshotHeader, SnapshotTrailer } from '../../snapshot/file/about.ts';
import { snapshotsIn } from '../../snapshot/file/folder.ts';
import { openSnapshot, peekSnapshot } from '../../snapshot/file/open-snapshot.ts';
import { type RefusalKind, SnapshotRefused } from '../../snapshot/file/refusal.ts';

export interface Found {
  readonly path: string;
  readonly header: SnapshotHeader;
  readonly trailer: SnapshotTrailer;
}

export interface Refused {
  readonly path: string;
  readonly kind: RefusalKind | 'other set';
  readonly why: string;
}

/**
 * So many of these tables are read from end to end: after as many that cannot be used, something else is wrong. Files of other
 * sets and what is no snapshot do not count, because their first bytes tell. No more than so many are named, either.
 */
const mostTried = 20;

/** The newest file of a directory that is whole and of these tables, and those newer ones that are not. Never throws. */
export async function findSnapshot(
  directory: string,
  ours: Ours,
  keys: readonly Buffer[],
  skip: ReadonlySet<string> = new Set(),
): Promise<{ readonly found: Found | null; readonly refused: readonly Refused[] }> {
  const refused: Refused[] = [];
  let names: readonly { readonly file: string }[];
  try {
    names = await snapshotsIn(directory);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { found: null, refused: [{ path: directory, kind: 'unreadable', why }] };
  }
  const refuse = (each: Refused): void => {
    if (refused.length < mostTried) refused.push(each);
  };
  let tried = 0;
  for (const { file } of names) {
    const path = join(directory, file);
    if (skip.has(path)) continue;
    const said = await peekSnapshot(path);
    const otherSet = said === null ? null : notOurs(said, ours);
    if (otherSet !== null) {
      refuse({ path, kind: 'other set', why: otherSet });
      continue;
    }
    if (said !== null) tried += 1;
    if (tried > mostTried) break;
    try {
      const { header, trailer, close } = await openSnapshot(path, keys);
      await close();
      const why = notOurs(header, ours);
      if (why === null) return { found: { path, header, trailer }, refused };
      refuse({ path, kind: 'other set', why });
    } catch (error) {
      if (!(error instanceof SnapshotRefused)) throw error;
      refuse({ path, kind: error.kind, why: error.message });
    }
  }
  return { found: null, refused };
}
