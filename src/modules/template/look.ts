import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorMessage } from '../../errors.ts';
import { readText } from '../../files/files.ts';

/** What is mounted. */
export interface Look {
  readonly template: string;
  /** SHA-256 of each followed file, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Bytes, of one file. */
const limit = 64 * 1024 * 1024;

/** All files at or below `path`. What Kubernetes calls `..data` and the like holds those that are linked beside it. */
async function filesBelow(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => !name.startsWith('..')).toSorted();
  return (await Promise.all(names.map((name) => filesBelow(join(path, name))))).flat();
}

/** Equal texts, equal file. */
async function stateOf(path: string): Promise<string> {
  const { ino, mtimeNs, size } = await stat(path, { bigint: true });
  if (size > limit) throw new Error('it is larger than 64 MiB');
  return `${ino}-${mtimeNs}-${size}`;
}

function unreadable(path: string, error: unknown): AppError {
  return new AppError('FILE_READ_FAILED', `${path} cannot be followed: ${errorMessage(error)}`, {
    cause: error,
  });
}

/**
 * Looks at the template and at files or directories, and reads only those that are other ones than the last time. Links
 * are followed, as a ConfigMap is replaced by swapping one. `AppError` FILE_READ_FAILED, also for a template without a word:
 * it is one that is just being written.
 */
export function createLook(template: string, paths: readonly string[]): () => Promise<Look> {
  let states = new Map<string, readonly [state: string, digest: string]>();
  let known: { readonly state: string; readonly text: string } | undefined;

  async function digestOf(path: string): Promise<readonly [state: string, digest: string]> {
    const state = await stateOf(path);
    const before = states.get(path);
    if (before?.[0] === state) return before;
    return [
      state,
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ];
  }

  async function textOf(): Promise<string> {
    const state = await stateOf(template);
    if (known?.state !== state) known = { state, text: await readText(template) };
    if (known.text.trim() === '') throw new Error('it is empty');
    return known.text;
  }

  return async () => {
    const text = await textOf().catch((error: unknown) => {
      throw unreadable(template, error);
    });
    const found = new Map<string, readonly [state: string, digest: string]>();
    for (const path of paths) {
      try {
        for (const file of await filesBelow(path)) found.set(file, await digestOf(file));
      } catch (error) {
        throw unreadable(path, error);
      }
    }
    states = found;
    const files = Object.fromEntries([...found].map(([file, [, digest]]) => [file, digest]));
    return { template: text, files };
  };
}
