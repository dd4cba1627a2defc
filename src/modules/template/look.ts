import { createHash } from 'node:crypto';
import { type BigIntStats, createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, errorMessage } from '../../errors.ts';
import { readText } from '../../files/files.ts';

/** What is mounted. */
export interface Look {
  readonly template: string;
  /** SHA-256 of each followed file, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Bytes. A ConfigMap holds 1 MiB, and the text is in memory several times while it is put in force. */
const templateLimit = 4 * 1024 * 1024;
/** Bytes, of one followed file: it is read piece by piece. */
const fileLimit = 64 * 1024 * 1024;
/** Of all followed files together: they are looked at every second. */
const filesAtMost = 10_000;

const idOf = ({ dev, ino }: BigIntStats): string => `${dev}-${ino}`;

/**
 * All files at or below `path`. What Kubernetes calls `..data` and the like holds those that are linked beside it. A directory
 * that is one of `seen` is not entered again: a link may lead back to where it is.
 */
async function* filesBelow(path: string, seen: Set<string>): AsyncGenerator<string> {
  const found = await stat(path, { bigint: true });
  if (!found.isDirectory()) {
    yield path;
    return;
  }
  if (seen.has(idOf(found))) return;
  seen.add(idOf(found));
  const names = (await readdir(path)).filter((name) => !name.startsWith('..')).toSorted();
  for (const name of names) yield* filesBelow(join(path, name), seen);
}

/** Equal texts, equal file. Throws for what is no file: a pipe would be waited for, and a device never ends. */
async function stateOf(path: string, limit: number): Promise<string> {
  const found = await stat(path, { bigint: true });
  if (!found.isFile()) throw new Error(`${path} is no file`);
  if (found.size > limit) throw new Error(`it is larger than ${limit / 1024 / 1024} MiB`);
  return `${idOf(found)}-${found.mtimeNs}-${found.size}`;
}

async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const piece of createReadStream(path, { end: fileLimit })) digest.update(piece);
  return digest.digest('hex');
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

  async function readFollowed(path: string): Promise<readonly [state: string, digest: string]> {
    const state = await stateOf(path, fileLimit);
    const before = states.get(path);
    return before?.[0] === state ? before : [state, await digestOf(path)];
  }

  async function textOf(): Promise<string> {
    const state = await stateOf(template, templateLimit);
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
        for await (const file of filesBelow(path, new Set())) {
          if (found.size >= filesAtMost)
            throw new Error(`there are more than ${filesAtMost} files`);
          found.set(file, await readFollowed(file));
        }
      } catch (error) {
        throw unreadable(path, error);
      }
    }
    states = found;
    const files = Object.fromEntries([...found].map(([file, [, digest]]) => [file, digest]));
    return { template: text, files };
  };
}
