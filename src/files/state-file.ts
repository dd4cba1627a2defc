import { open, rm } from 'node:fs/promises';
import type * as z from 'zod';
import { type FileAccess, writeFileAtomic } from './files.ts';

/** What this program remembers for its next run. */
export interface StateFile<T> {
  /** Undefined where there is none, or it is something else than was written: what was known is unknown then. */
  read(): Promise<T | undefined>;
  /** In one step. Without `access` the file keeps its mode. Throws `AppError` FILE_WRITE_FAILED. */
  write(value: T, access?: FileAccess): Promise<void>;
  /** There is nothing to remember. */
  remove(): Promise<void>;
}

/** Bytes: what we write is a few names, a thousand of them at the most. */
const limit = 1024 * 1024;

async function readLimited(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(limit);
    const { bytesRead } = await file.read(buffer, 0, limit, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** One JSON value in a file of its own. */
export function createStateFile<T>(path: string, schema: z.ZodType<T>): StateFile<T> {
  return {
    async read() {
      try {
        return schema.safeParse(JSON.parse(await readLimited(path))).data;
      } catch {
        return undefined;
      }
    },
    write: (value, access) => writeFileAtomic(path, `${JSON.stringify(value)}\n`, access),
    remove: () => rm(path, { force: true }),
  };
}
