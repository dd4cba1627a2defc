import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { errorMessage } from '../errors.ts';
import { createStateFile } from '../files/state-file.ts';
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

const schema = z.object({ open: z.array(z.string()), reloadDue: z.boolean() });
const fileName = 'haproxy-peer-sync.transactions.json';

/** Without a directory it remembers for the life of the process only. */
export function createJournal(directory: string | undefined, log: Log): Journal {
  const path = directory === undefined ? undefined : join(directory, fileName);
  const file = path === undefined ? undefined : createStateFile(path, schema);
  const open = new Set<string>();
  let reloadDue = false;
  let loaded = false;
  let warned = false;

  /** Never fails: a full or read-only volume costs the clean-up after a crash, not the change. */
  async function save(): Promise<void> {
    if (file === undefined || directory === undefined) return;
    try {
      if (open.size === 0 && !reloadDue) return await file.remove();
      await mkdir(directory, { recursive: true });
      // Not durable: a node that crashes takes the transactions along.
      await file.write({ open: [...open], reloadDue }, { mode: 0o600, durable: false });
    } catch (error) {
      if (warned) return;
      warned = true;
      log.warn(
        { file: path, error: errorMessage(error) },
        'cannot note open transactions: after a crash they stay open until the next commit',
      );
    }
  }

  return {
    async load() {
      if (loaded || file === undefined) return;
      const noted = await file.read();
      loaded = true;
      for (const transaction of noted?.open ?? []) open.add(transaction);
      reloadDue = noted?.reloadDue ?? false;
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
