import { readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from '../files/files.ts';

/**
 * A note beside the file, there from before the write until after the reload. Whoever finds it was preceded by
 * a process that was killed in between, so that the file may say more than HAProxy has loaded.
 */
export interface Undo {
  readonly save: (before: string, after: string) => Promise<void>;
  /** The text to go back to, or `undefined` when nothing was cut off or somebody else wrote since. */
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
      // It holds what the file holds, the userlist too: nobody may read it who may not read the file.
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
