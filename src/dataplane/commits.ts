import type { OwnEntries } from '../config-text/foreign-lines.ts';
import { errorMessage, RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import { refuseDamage, refuseLongLines } from './damage.ts';
import { answeredForAnother, outcomeUnknown } from './failure.ts';
import type { Journal } from './journal.ts';
import { createOpenTransactions } from './open-transactions.ts';
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

/** The work of one transaction. */
export interface Work {
  /** Entries whose lines may differ afterwards. */
  readonly own: readonly OwnEntries[];
  readonly fill: (transaction: string, signal: AbortSignal) => Promise<void>;
  /** Whether the running worker does not have the work, checked for as long as a reload may take to show. */
  readonly lacks: (signal: AbortSignal) => Promise<boolean>;
}

/** The text that was `seen`, with the edits made. */
export interface Text {
  readonly text: string;
  /** The lines that were edited. */
  readonly own: readonly OwnEntries[];
}

/** A reload without a change. */
export const noWork: Work = { own: [], fill: async () => {}, lacks: async () => false };

export interface Commits {
  /**
   * One transaction on what was `seen`: begin, fill, check, commit with a checked reload. Throws `WouldDamage`, and
   * commits nothing, where a line that is not the own one of `work` would not survive.
   */
  readonly transact: (seen: Seen, work: Work, signal: AbortSignal) => Promise<Committed>;
  /**
   * Replaces what was `seen` by another text, with a checked reload. The text is written without a reload, read back,
   * and loaded only if every line has survived. Throws `WouldDamage`, and keeps the old text, for a text that the API
   * would write differently.
   */
  readonly replace: Replace;
  /**
   * Checks whether HAProxy accepts `work`, without a write or a reload. Throws what a commit would throw, as far as
   * this can be known.
   */
  readonly validate: (seen: Seen, work: Work, signal: AbortSignal) => Promise<void>;
  /** Writes `text` without a reload, and reads it back. Resolves to its version; throws as `transact` does. */
  readonly persist: (seen: Seen, written: Text, signal: AbortSignal) => Promise<string>;
  /** Checks whether HAProxy accepts `text`. */
  readonly validateText: (seen: Seen, written: Text, signal: AbortSignal) => Promise<void>;
  /** What the API would write now, without a change, for the configuration that it holds in memory as `version`. */
  readonly rehearse: (version: string, signal: AbortSignal) => Promise<string>;
  /** Removes transactions that an earlier attempt, or a killed process, left open. No call if there are none. */
  readonly dropOrphans: () => Promise<number>;
}

export function createCommits(options: CommitsOptions): Commits {
  const { transactions, journal, log } = options;
  const open = createOpenTransactions({ transactions, journal, log });
  const { begin, drop } = open;

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
      // If it is not known whether it was committed, the transaction stays in the journal, and the next pass drops
      // it.
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
      // Checked with the text that was seen: the API does not know the new text yet, and treats both alike.
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
    // An earlier write still waits for its reload. If the API has restored an older file, the next pass sees it.
    await journal.setReloadDue(attempt.wasDue);
    if (error instanceof RemoteError && error.code === 'RELOAD_FAILED') {
      await journal.ended(transaction);
      await takeBack(seen, attempt, signal);
    } else {
      await drop(transaction);
    }
  }

  /** After a failed reload the API restores an old file: restores the commits of other clients that it lost. */
  async function takeBack(seen: Seen, attempt: Attempt, signal: AbortSignal): Promise<void> {
    try {
      await restore(options, seen, attempt, signal);
    } catch (reason) {
      log.warn({ error: errorMessage(reason) }, 'the commit of another client is not loaded');
    }
    // Corrects the API's memory at once. If this fails, the next read does it.
    await options.read(signal).catch((reason: unknown) => {
      log.warn(
        { error: errorMessage(reason) },
        'cannot read the configuration after the failed reload yet',
      );
    });
  }

  const replace = createReplace({
    ...{ transactions, journal, log, begin, rehearse, takeBack },
    async drop() {
      await open.dropOrphans();
    },
  });

  const { dropOrphans } = open;
  return { transact, replace, validate, persist, validateText, rehearse, dropOrphans };
}
