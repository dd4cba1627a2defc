import * as z from 'zod';
import { errorMessage } from '../../../errors.ts';
import type { StateFile } from '../../../files/state-file.ts';
import type { Log } from '../../../log.ts';

export const inventorySchema = z.object({
  version: z.literal(1),
  /** By backend, those that were written first at the beginning. */
  backends: z.record(z.string(), z.array(z.string())),
});

/**
 * Which servers this program has written into haproxy.cfg, noted before it writes them: what stands there and is not in it was there
 * before us, and is kept.
 */
export interface Inventory {
  /** Of a backend. What cannot be read is not known, so nothing of it goes. */
  names(backend: string): ReadonlySet<string>;
  /**
   * These servers may be written from now on; on disk before it resolves. Never throws: if that fails, what is written now is kept by a
   * later run, and the log says so.
   */
  note(backend: string, names: readonly string[]): Promise<void>;
}

/**
 * So many names are remembered that are not wanted any more: a failed reload makes the Data Plane API restore an older file, with
 * servers that had gone (dataplaneapi reload_agent.go).
 */
const pastMost = 4000;

export async function createInventory(
  file: StateFile<z.infer<typeof inventorySchema>>,
  log: Log,
): Promise<Inventory> {
  const read = await file.read();
  const known = new Map(
    Object.entries(read?.backends ?? {}).map(([name, all]) => [name, new Set(all)]),
  );
  let isSaved = read !== undefined;
  let isTold = false;

  /** Whether anything is new. */
  function remember(backend: string, names: readonly string[]): boolean {
    const all = known.get(backend) ?? new Set();
    const before = all.size;
    for (const name of names) all.add(name);
    known.set(backend, all);
    if (all.size === before) return false;
    let tooMany = all.size - names.length - pastMost;
    const wanted = new Set(names);
    for (const name of all) {
      if (tooMany <= 0) break;
      if (wanted.has(name)) continue;
      all.delete(name);
      tooMany -= 1;
    }
    return true;
  }

  async function save(): Promise<void> {
    const backends = Object.fromEntries([...known].map(([name, all]) => [name, [...all]]));
    try {
      await file.write({ version: 1, backends }, { mode: 0o600 });
      isSaved = true;
      isTold = false;
    } catch (error) {
      if (!isTold)
        log.warn(
          { reason: errorMessage(error) },
          'cannot note which servers are ours: after a restart they are taken for those of others',
        );
      isTold = true;
    }
  }

  return {
    names: (backend) => known.get(backend) ?? new Set(),
    async note(backend, names) {
      if (remember(backend, names)) isSaved = false;
      if (!isSaved) await save();
    },
  };
}
