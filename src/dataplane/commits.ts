import type { OwnEntries } from '../config-text/foreign-lines.ts';
import { errorMessage, RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import { refuseDamage, refuseLongLines } from './damage.ts';
import { answeredForAnother, outcomeUnknown } from './failure.ts';
import type { Journal } from './journal.ts';
import type { PutsBack } from './put-back.ts';
import type { Seen } from './read-config.ts';
import { createReplace, type Replace } from './replace.ts';
import { type Attempt, restore } from './restore.ts';
import type { Committed, Transactions } from './transactions.ts';

export interface CommitsOptions {
  readonly transactions: Transactions;
  readonly putBack: PutsBack;
  readonly journal: Journal;
  readonly read: (signal: AbortSignal) => Promise<Seen>;
  readonly log: Log;
}

/** What a transaction is to do. */
export interface Work {
  /** Entries whose lines may be other ones afterwards. */
  readonly own: readonly OwnEntries[];
  readonly fill: (transaction: string, signal: AbortSignal) => Promise<void>;
  /** Whether the running worker goes on without it, for as long as a reload may take to show. */
  readonly lacks: (signal: AbortSignal) => Promise<boolean>;
}

/** What was `seen` with edits in it. */
export interface Text {
  readonly text: string;
  /** The lines that were edited. */
  readonly own: readonly OwnEntries[];
}

/** A reload with nothing changed. */
export const noWork: Work = { own: [], fill: async () => {}, lacks: async () => false };

export interface Commits {
  /**
   * One transaction on what was `seen`: begin, fill, check, commit with a checked reload. Throws `WouldDamage`, and
   * commits nothing, where a line that is not the own one of `work` would not survive.
   */
  readonly transact: (seen: Seen, work: Work, signal: AbortSignal) => Promise<Committed>;
  /**
   * Another text in place of what was `seen`, with a checked reload: written without one, read back, and loaded only when
   * every line has survived. Throws `WouldDamage`, and leaves what was there, for a text that the API would write otherwise.
   */
  readonly replace: Replace;
  /** Whether HAProxy would take `work`, found out without a write or a reload. Throws what a commit would, as far as can be known. */
  readonly validate: (seen: Seen, work: Work, signal: AbortSignal) => Promise<void>;
  /** Writes `text` without a reload, and reads it back. Resolves to its version; throws as `transact` does. */
  readonly persist: (seen: Seen, written: Text, signal: AbortSignal) => Promise<string>;
  /** Whether HAProxy would take `text`. */
  readonly validateText: (seen: Seen, written: Text, signal: AbortSignal) => Promise<void>;
  /** What the API would write now, with nothing changed, of the configuration that it has as `version` in memory. */
  readonly rehearse: (version: string, signal: AbortSignal) => Promise<string>;
  /** Removes what an earlier try, or a killed process, left open. Costs nothing when there is nothing. */
  readonly dropOrphans: () => Promise<number>;
}

export function createCommits(options: CommitsOptions): Commits {
  const { transactions, journal, log } = options;

  /** An open transaction with the work in it, and what its commit would write. */
  async function prepare(seen: Seen, work: Work, signal: AbortSignal) {
    const transaction = await begin(seen.version, signal);
    try {
      await work.fill(transaction, signal);
      const written = await transactions.rawOf(transaction, signal);
      refuseDamage(seen.text, written, work.own);
      signal.throwIfAborted();
      return { transaction, written };
    } catch (error) {
      await drop(transaction);
      throw error;
    }
  }

  async function transact(seen: Seen, work: Work, signal: AbortSignal): Promise<Committed> {
    const { transaction, written } = await prepare(seen, work, signal);
    const wasDue = journal.reloadDue();
    await journal.setReloadDue(true);
    try {
      const version = await transactions.commit(transaction);
      if (await work.lacks(signal)) throw answeredForAnother();
      await journal.setReloadDue(false);
      await journal.ended(transaction);
      return { reloaded: true, transaction, version };
    } catch (error) {
      // In doubt the transaction stays noted: the next look drops it, unless it was committed.
      if (!outcomeUnknown(error)) {
        const attempt = { own: work.own, written, wasDue };
        await notCommitted(transaction, error, seen, attempt, signal);
      }
      throw error;
    }
  }

  async function validate(seen: Seen, work: Work, signal: AbortSignal): Promise<void> {
    const { transaction, written } = await prepare(seen, work, signal);
    try {
      await transactions.validate(written, seen.version, signal);
    } finally {
      await drop(transaction);
    }
  }

  async function persist(seen: Seen, { text, own }: Text, signal: AbortSignal): Promise<string> {
    refuseLongLines(text);
    await options.putBack({
      ...{ text, version: seen.version, how: 'memory', obstacles: seen.obstacles, own },
      // Of what was seen: the API does not know the text yet, and does to it what it does to the rest.
      rehearse: () => rehearse(seen.version, signal),
      known: seen.text,
    });
    const found = await transactions.raw(signal);
    refuseDamage(text, found.text, []);
    return found.version;
  }

  async function validateText(seen: Seen, { text }: Text, signal: AbortSignal): Promise<void> {
    refuseLongLines(text);
    await transactions.validate(text, seen.version, signal);
  }

  async function rehearse(version: string, signal: AbortSignal): Promise<string> {
    const transaction = await begin(version, signal);
    try {
      return await transactions.rawOf(transaction, signal);
    } finally {
      await drop(transaction);
    }
  }

  async function notCommitted(
    transaction: string,
    error: unknown,
    seen: Seen,
    attempt: Attempt & { readonly wasDue: boolean },
    signal: AbortSignal,
  ) {
    // What was written before still waits for its reload; where the API has put back an older file, the next look sees it.
    await journal.setReloadDue(attempt.wasDue);
    if (error instanceof RemoteError && error.code === 'RELOAD_FAILED') {
      await journal.ended(transaction);
      await takeBack(seen, attempt, signal);
    } else {
      await drop(transaction);
    }
  }

  /** After a reload failed, and our change with it: whatever else went with it is put back. */
  async function takeBack(seen: Seen, attempt: Attempt, signal: AbortSignal): Promise<void> {
    try {
      await restore(options, seen, attempt, signal);
    } catch (reason) {
      log.warn({ error: errorMessage(reason) }, 'the commit of somebody else is not loaded');
    }
    // Puts the API's memory right at once; when that fails, the next read does it.
    await options.read(signal).catch((reason: unknown) => {
      log.warn({ error: errorMessage(reason) }, 'cannot look after the failed reload yet');
    });
  }

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
    else
      log.warn(fields, 'the open transactions are not ours: somebody must commit or delete them');
  }

  async function dropOrphans(): Promise<number> {
    let dropped = 0;
    for (const transaction of journal.open()) {
      if (await drop(transaction)) dropped += 1;
    }
    return dropped;
  }

  /** Best effort; what cannot be dropped now stays in the journal. */
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

  const replace = createReplace({
    ...{ transactions, journal, log, begin, rehearse, takeBack },
    async drop() {
      await dropOrphans();
    },
  });

  return { transact, replace, validate, persist, validateText, rehearse, dropOrphans };
}
