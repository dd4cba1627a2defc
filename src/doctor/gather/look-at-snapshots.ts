import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { wallNow } from '../../clock.ts';
import type { SidecarConfig } from '../../config/values.ts';
import { setOf } from '../../modules/snapshot/create.ts';
import { notOurs, type Ours } from '../../snapshot/decide/choose.ts';
import { snapshotsIn } from '../../snapshot/file/folder.ts';
import { readSnapshotKeys } from '../../snapshot/file/keys.ts';
import { openSnapshot, peekSnapshot } from '../../snapshot/file/open-snapshot.ts';
import { SnapshotRefused } from '../../snapshot/file/refusal.ts';
import type { SnapshotFact } from '../facts.ts';
import { looked } from './looked.ts';

type FileFact = Extract<SnapshotFact['files'], { readonly ok: true }>['value'][number];

/** Each is read from end to end. So many of these tables, and so many others, which hide none of them. */
const filesAtMost = 10;

async function lookAtFile(
  path: string,
  ours: Ours,
  keys: readonly Buffer[],
): Promise<Pick<FileFact, 'bytes' | 'set' | 'refused'>> {
  try {
    const { header, bytes, close } = await openSnapshot(path, keys);
    await close();
    const why = notOurs(header, ours);
    return { bytes, set: header.set, refused: why === null ? null : { kind: 'other set', why } };
  } catch (error) {
    if (!(error instanceof SnapshotRefused)) throw error;
    return { bytes: 0, set: null, refused: { kind: error.kind, why: error.message } };
  }
}

/** The newest of these tables, and the newest of what else has such a name, in the order of the directory. */
async function lookAtFiles(
  directory: string,
  ours: Ours,
  keys: readonly Buffer[],
): Promise<readonly FileFact[]> {
  const files: FileFact[] = [];
  const seen = { own: 0, other: 0 };
  for (const { file, replica, takenAtMs } of await snapshotsIn(directory)) {
    const path = join(directory, file);
    const header = await peekSnapshot(path);
    const kind = header !== null && notOurs(header, ours) === null ? 'own' : 'other';
    if (seen[kind] === filesAtMost) continue;
    seen[kind] += 1;
    files.push({ file, replica, takenAtMs, ...(await lookAtFile(path, ours, keys)) });
    if (seen.own === filesAtMost) break;
  }
  return files;
}

/** Whether this user may write there. Nothing is written: a snapshot may be under way. */
async function lookAtFolder(directory: string) {
  const { mode } = await stat(directory);
  const isWritable = await access(directory, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const { bavail, bsize } = await statfs(directory);
  return { mode: mode & 0o7777, isWritable, freeBytes: bavail * bsize };
}

/** Undefined: without `--snapshot`. */
export async function lookAtSnapshots(config: SidecarConfig): Promise<SnapshotFact | undefined> {
  const { snapshot: directory, snapshotKeyFile: keyFile } = config;
  if (directory === undefined) return undefined;
  const ours = { set: setOf(config), section: config.peersSection };
  const keys = keyFile === undefined ? [] : await readSnapshotKeys(keyFile).catch(() => []);
  return {
    ...{ directory, intervalMs: config.snapshotInterval, nowMs: wallNow(), keyFile },
    folder: await looked(() => lookAtFolder(directory)),
    key:
      keyFile === undefined
        ? null
        : await looked(async () => {
            const { length: count } = await readSnapshotKeys(keyFile);
            return { count, mode: (await stat(keyFile)).mode & 0o777 };
          }),
    files: await looked(() => lookAtFiles(directory, ours, keys)),
  };
}
