import { readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from '../files/files.ts';

/**
 * A note beside the file, which exists from before the write until after the reload. If a process finds one, an
 * earlier process was killed in between, and the file may have more than HAProxy has loaded.
 */
export interface Undo {
  readonly save: (before: string, after: string) => Promise<void>;
  /** The text to restore; `undefined` if nothing was interrupted or another program has written since. */
  readonly load: (written: string) => Promise<string | undefined>;
  readonly clear: () => Promise<void>;
}

const noteSchema = z.object({ before: z.string(), after: z.string() });

export function createUndo(file: string): Undo {
  const note = join(dirname(file), `.${basename(file)}.peer-sync-undo`);

  async function clear(): Promise<void> {
    await rm(note, { force: true });
  }

  return {
    async save(before, after) {
      // It has the content of the file, including the userlist, so it must not be readable for more users than the
      // file.
      const { mode, gid } = await stat(file);
      await writeFileAtomic(note, JSON.stringify({ before, after }), { mode: mode & 0o7777, gid });
    },
    async load(written) {
      const text = await readFile(note, 'utf8').catch(() => undefined);
      if (text === undefined) return undefined;
      const parsed = noteSchema.safeParse(parse(text));
      return parsed.success && parsed.data.after === written ? parsed.data.before : undefined;
    },
    clear,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
