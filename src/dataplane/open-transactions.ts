import { errorMessage, RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Journal } from './journal.ts';
import type { Transactions } from './transactions.ts';

/** Transactions of ours that are neither committed nor deleted: the API has room for a few only. */
export interface OpenTransactions {
  /** Resolves to the name of a new one. Throws `RemoteError` DATAPLANE_BUSY where there is no room, and makes some for the next try. */
  begin(version: string, signal: AbortSignal): Promise<string>;
  /** Deletes one; true when it was there. Best effort: what cannot be dropped now stays in the journal. */
  drop(transaction: string): Promise<boolean>;
  /** Deletes what an earlier try, or a killed process, left open; how many there were. */
  dropOrphans(): Promise<number>;
}

export function createOpenTransactions(options: {
  readonly transactions: Pick<Transactions, 'begin' | 'drop' | 'open'>;
  readonly journal: Journal;
  readonly log: Log;
}): OpenTransactions {
  const { transactions, journal, log } = options;

  async function begin(version: string, signal: AbortSignal): Promise<string> {
    try {
      const transaction = await transactions.begin(version, signal);
      await journal.began(transaction);
      return transaction;
    } catch (error) {
      if (error instanceof RemoteError && error.code === 'DATAPLANE_BUSY') {
        await makeRoom(signal, error);
      }
      throw error;
    }
  }

  /** Deletes only transactions that we have left open: one of another client may be work in progress. */
  async function makeRoom(signal: AbortSignal, busy: RemoteError): Promise<void> {
    const dropped = await dropOrphans();
    const open = await transactions.open(signal).catch(() => []);
    const fields = { dropped, open: open.map(({ id }) => id), error: busy.message };
    if (dropped > 0) log.warn(fields, 'removed own orphaned transactions');
    else log.warn(fields, 'the open transactions are not ours: commit or delete them');
  }

  async function dropOrphans(): Promise<number> {
    let dropped = 0;
    for (const transaction of journal.open()) {
      if (await drop(transaction)) dropped += 1;
    }
    return dropped;
  }

  async function drop(transaction: string): Promise<boolean> {
    try {
      const existed = await transactions.drop(transaction);
      await journal.ended(transaction);
      return existed;
    } catch (error) {
      log.debug({ transaction, error: errorMessage(error) }, 'cannot drop a transaction yet');
      return false;
    }
  }

  return { begin, drop, dropOrphans };
}
