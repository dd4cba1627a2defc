import * as z from 'zod';
import { errorMessage } from '../../../errors.ts';
import type { StateFile } from '../../../files/state-file.ts';
import type { Log } from '../../../log.ts';

/** Names of servers by backend. */
export type Names = ReadonlyMap<string, ReadonlySet<string>>;

export const inventorySchema = z.object({
  version: z.literal(1),
  backends: z.record(z.string(), z.array(z.string())),
});

/**
 * Which servers this program has written into haproxy.cfg, noted before it writes them: what stands there and is not in it was there
 * before us, and is kept.
 */
export interface Inventory {
  /** Of a backend. What cannot be read is not known, so nothing of it goes. */
  names(backend: string): ReadonlySet<string>;
  /** The names of these backends, on disk before it resolves; those of others stay. Never throws: if that fails, what is written now is kept by a later run, and the log says so. */
  note(names: Names): Promise<void>;
}

type Inner = z.infer<typeof inventorySchema>;

function asValue(names: Names): Inner {
  const backends = [...names].map(([name, all]) => [name, [...all].toSorted()] as const);
  return { version: 1, backends: Object.fromEntries(backends) };
}

export async function createInventory(file: StateFile<Inner>, log: Log): Promise<Inventory> {
  const read = await file.read();
  let known: Names = new Map(
    Object.entries(read?.backends ?? {}).map(([name, all]) => [name, new Set(all)]),
  );
  let saved = read === undefined ? '' : JSON.stringify(asValue(known));
  let isTold = false;
  return {
    names: (backend) => known.get(backend) ?? new Set(),
    async note(names) {
      known = new Map([...known, ...names]);
      const value = asValue(known);
      const text = JSON.stringify(value);
      if (text === saved) return;
      try {
        await file.write(value, { mode: 0o600 });
        saved = text;
        isTold = false;
      } catch (error) {
        if (!isTold)
          log.warn(
            { reason: errorMessage(error) },
            'cannot note which servers are ours: after a restart they are taken for those of others',
          );
        isTold = true;
      }
    },
  };
}
