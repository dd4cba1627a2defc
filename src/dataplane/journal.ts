import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { errorMessage } from '../errors.ts';
import { createStateFile } from '../files/state-file.ts';
import type { Log } from '../log.ts';

/**
 * State that must survive a SIGKILL: the transactions we opened, because abandoned ones count against the API's limit
 * of 20, and whether a commit was under way, because the file may then have changed without a reload.
 */
export interface Journal {
  /** Reads the file once. A missing or broken file counts as empty. */
  readonly load: () => Promise<void>;
  readonly open: () => readonly string[];
  readonly reloadDue: () => boolean;
  readonly began: (transaction: string) => Promise<void>;
  /** The transaction no longer exists, committed or not. */
  readonly ended: (transaction: string) => Promise<void>;
  readonly setReloadDue: (due: boolean) => Promise<void>;
}

const schema = z.object({ open: z.array(z.string()), reloadDue: z.boolean() });
const fileName = 'haproxy-peer-sync.transactions.json';

/** Without a directory, the state lasts only as long as the process. */
export function createJournal(directory: string | undefined, log: Log): Journal {
  const path = directory === undefined ? undefined : join(directory, fileName);
  const file = path === undefined ? undefined : createStateFile(path, schema);
  const open = new Set<string>();
  let reloadDue = false;
  let loaded = false;
  let warned = false;

  /** Never fails: on a full or read-only volume only the clean-up after a crash is lost, not the change. */
  async function save(): Promise<void> {
    if (file === undefined || directory === undefined) return;
    try {
      if (open.size === 0 && !reloadDue) return await file.remove();
      await mkdir(directory, { recursive: true });
      // Need not survive a crash of the node, which ends the transactions, too.
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
