import { chown, type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, errorMessage } from '../errors.ts';

export interface FileAccess {
  readonly mode: number;
  /** Numeric group; default: the process's. */
  readonly gid?: number;
  /** False: not waited for until it is on the disk. It is whole all the same, but a node that crashes may lose it. */
  readonly durable?: boolean;
}

/**
 * The text of a file. `AppError` FILE_READ_FAILED names the path and the reason. Text that is no UTF-8 is refused: it
 * would come back damaged when the file is written again.
 */
export async function readText(path: string): Promise<string> {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(await readFile(path));
  } catch (error) {
    throw new AppError('FILE_READ_FAILED', `${path} cannot be read: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function writeThrough(
  file: FileHandle,
  text: string,
  { mode, durable = true }: FileAccess,
): Promise<void> {
  try {
    await file.writeFile(text);
    // The mode given to open is cut by the umask.
    await file.chmod(mode);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Replaces `path` in one step: whoever reads it sees the old text or the new one, after a crash too. Without
 * `access` an existing file keeps its mode and owner. `AppError` FILE_WRITE_FAILED leaves the old file as it was
 * and no temporary one behind.
 */
export async function writeFileAtomic(
  path: string,
  text: string,
  access?: FileAccess,
): Promise<void> {
  await replaceFile(path, text, access, async () => true);
}

/**
 * As `writeFileAtomic`, but only if the file has the text `before`, which is looked at last of all, when the new text is on the
 * disk already. False: somebody else has written it, and it stays as it is. Between that look and the rename there is one
 * system call, in which a write of somebody else is still lost: POSIX has no rename under a condition.
 */
export function replaceText(path: string, before: string, after: string): Promise<boolean> {
  return replaceFile(path, after, undefined, async () => (await readText(path)) === before);
}

async function replaceFile(
  path: string,
  text: string,
  access: FileAccess | undefined,
  mayReplace: () => Promise<boolean>,
): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  try {
    const old = await stat(path).catch(() => undefined);
    await rm(temporary, { force: true });
    // Exclusive, and never wider than in the end: a secret must not be readable for a moment.
    const mode = access?.mode ?? (old === undefined ? 0o600 : old.mode & 0o7777);
    await writeThrough(await open(temporary, 'wx', 0o600), text, { ...access, mode });
    if (access?.gid !== undefined) await chown(temporary, -1, access.gid);
    else if (access === undefined && old !== undefined && (await ownerDiffers(temporary, old))) {
      await chown(temporary, old.uid, old.gid);
    }
    if (!(await mayReplace())) {
      await rm(temporary, { force: true });
      return false;
    }
    await rename(temporary, path);
    if (access?.durable !== false) await syncDirectory(dirname(path));
    return true;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new AppError('FILE_WRITE_FAILED', `${path} cannot be written: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

async function ownerDiffers(
  path: string,
  wanted: { readonly uid: number; readonly gid: number },
): Promise<boolean> {
  const { uid, gid } = await stat(path);
  return uid !== wanted.uid || gid !== wanted.gid;
}
