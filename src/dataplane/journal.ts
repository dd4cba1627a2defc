import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { errorMessage } from '../errors.ts';
import type { Log } from '../log.ts';

/**
 * What must survive a SIGKILL: the transactions we opened, because an orphan counts against the API's limit of
 * 20, and whether a commit was under way, because then the file may have changed without a reload.
 */
export interface Journal {
  /** Reads the file once; a missing or broken one is an empty one. */
  readonly load: () => Promise<void>;
  readonly open: () => readonly string[];
  readonly reloadDue: () => boolean;
  readonly began: (transaction: string) => Promise<void>;
  /** The transaction is gone, committed or not. */
  readonly ended: (transaction: string) => Promise<void>;
  readonly setReloadDue: (due: boolean) => Promise<void>;
}

const stateSchema = z.object({ open: z.array(z.string()), reloadDue: z.boolean() });
const fileName = 'haproxy-peer-sync.transactions.json';

/** Without a directory it remembers for the life of the process only. */
export function createJournal(directory: string | undefined, log: Log): Journal {
  const file = directory === undefined ? undefined : join(directory, fileName);
  const open = new Set<string>();
  let reloadDue = false;
  let loaded = false;
  let warned = false;

  /** Never fails: a full or read-only volume costs the clean-up after a crash, not the change. */
  async function save(): Promise<void> {
    if (file === undefined || directory === undefined) return;
    try {
      if (open.size === 0 && !reloadDue) {
        await rm(file, { force: true });
        return;
      }
      await mkdir(directory, { recursive: true });
      // In one step, since we may be killed in it. Not synced: a node that crashes takes the transactions along.
      await writeFile(`${file}.new`, JSON.stringify({ open: [...open], reloadDue }), {
        mode: 0o600,
      });
      await rename(`${file}.new`, file);
    } catch (error) {
      if (warned) return;
      warned = true;
      log.warn(
        { file, error: errorMessage(error) },
        'cannot note open transactions: after a crash they stay open until the next commit',
      );
    }
  }

  return {
    async load() {
      if (loaded || file === undefined) return;
      const text = await readFile(file, 'utf8').catch(() => undefined);
      loaded = true;
      const parsed = stateSchema.safeParse(parse(text));
      if (!parsed.success) return;
      for (const transaction of parsed.data.open) open.add(transaction);
      reloadDue = parsed.data.reloadDue;
    },
    open: () => [...open],
    reloadDue: () => reloadDue,
    async began(transaction) {
      open.add(transaction);
      await save();
    },
    async ended(transaction) {
      if (open.delete(transaction)) await save();
    },
    async setReloadDue(due) {
      if (reloadDue === due) return;
      reloadDue = due;
      await save();
    },
  };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}
