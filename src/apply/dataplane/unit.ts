import { sleep } from '../../clock.ts';
import { errorMessage, RemoteError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { hasChanges, type PeersChanges, remainingChanges } from '../../model/changes.ts';
import type { PeersSection } from '../../model/peers-section.ts';
import type { Applied } from '../applier.ts';
import { refuseEntries, refuseObstacles, sectionMissing } from '../refuse.ts';
import { type RunningPeers, sameAsRunning } from '../running.ts';
import type { Caller } from './caller.ts';
import { edit, editMode } from './edits.ts';
import { outcomeUnknown } from './failure.ts';
import type { Journal } from './journal.ts';
import type { Look } from './look.ts';
import type { Sections } from './sections.ts';
import type { Transactions } from './transactions.ts';

export interface UnitOptions {
  readonly caller: Caller;
  readonly transactions: Transactions;
  readonly sections: Sections;
  readonly journal: Journal;
  readonly look: (signal: AbortSignal) => Promise<Look>;
  readonly running: RunningPeers | undefined;
  readonly log: Log;
}

/** One try of a change: look, begin, edit, commit. Everything in it may be done again. */
export interface Unit {
  /** `known` is what was read last, when that is still what the change was planned on. */
  readonly run: (
    known: Look | undefined,
    changes: PeersChanges,
    signal: AbortSignal,
  ) => Promise<Omit<Applied, 'attempts'>>;
  /** Removes what an earlier try, or a killed process, left open. Costs nothing when there is nothing. */
  readonly dropOrphans: () => Promise<number>;
}

/** How long a reload whose answer was lost is given to show in the worker, and how often that is looked at. */
const settleMs = 3_000;
const settleStepMs = 250;

export function createUnit(options: UnitOptions): Unit {
  const { caller, transactions, sections, journal, log } = options;

  async function run(known: Look | undefined, changes: PeersChanges, signal: AbortSignal) {
    const { section, unmodelled } = known ?? (await options.look(signal));
    refuseObstacles(section);
    refuseEntries(changes);
    const remaining = remainingChanges(section, changes);
    if (!section.exists && hasChanges(remaining) && !remaining.create)
      throw sectionMissing(section);
    if (!hasChanges(remaining)) return nothingLeft(section, signal);
    const fullSections = (await caller.version(signal)) === 'v3';
    const mode = editMode(remaining, { fullSections, unmodelled });
    return transact(section, signal, async (transaction) => {
      const where = { section: section.name, style: section.style, transaction };
      await edit(sections, where, section, remaining, { mode, fullSections }, signal);
    });
  }

  /** Done already; by whom, and is it loaded? Only asked after a commit whose answer never came. */
  async function nothingLeft(section: PeersSection, signal: AbortSignal) {
    if (!journal.reloadDue()) return { reloaded: false, version: section.version };
    const loaded = await isLoaded(section, signal);
    if (loaded === false) {
      log.warn({ section: section.name }, 'the change is written but not loaded: reloading');
      return transact(section, signal, async () => {});
    }
    if (loaded === undefined) {
      log.warn(
        { section: section.name },
        'the change is written, but the answer to its reload was lost and nobody can be asked',
      );
    }
    await journal.setReloadDue(false);
    return { reloaded: true, version: section.version };
  }

  async function isLoaded(section: PeersSection, signal: AbortSignal) {
    for (let waited = 0; ; waited += settleStepMs) {
      const running = await options.running?.(signal);
      if (running !== undefined && sameAsRunning(section, running)) return true;
      if (options.running === undefined) return undefined;
      if (waited >= settleMs) return running === undefined ? undefined : false;
      await sleep(settleStepMs, signal);
    }
  }

  async function transact(
    section: PeersSection,
    signal: AbortSignal,
    fill: (transaction: string) => Promise<void>,
  ): Promise<Omit<Applied, 'attempts'>> {
    const transaction = await begin(section.version, signal);
    await journal.began(transaction);
    try {
      await fill(transaction);
      signal.throwIfAborted();
    } catch (error) {
      await drop(transaction);
      throw error;
    }
    await journal.setReloadDue(true);
    try {
      const version = await transactions.commit(transaction);
      await journal.setReloadDue(false);
      await journal.ended(transaction);
      return { reloaded: true, transaction, version };
    } catch (error) {
      // In doubt the transaction stays noted: the next look drops it, unless it was committed.
      if (!outcomeUnknown(error)) await notCommitted(transaction, error, signal);
      throw error;
    }
  }

  async function notCommitted(transaction: string, error: unknown, signal: AbortSignal) {
    await journal.setReloadDue(false);
    if (error instanceof RemoteError && error.code === 'RELOAD_FAILED') {
      await journal.ended(transaction);
      // Puts the API's memory right at once; when that fails, the next read does it.
      await options.look(signal).catch((reason: unknown) => {
        log.warn({ error: errorMessage(reason) }, 'cannot look after the failed reload yet');
      });
    } else {
      await drop(transaction);
    }
  }

  async function begin(version: string, signal: AbortSignal): Promise<string> {
    try {
      return await transactions.begin(version, signal);
    } catch (error) {
      if (error instanceof RemoteError && error.code === 'DATAPLANE_BUSY') {
        await makeRoom(signal, error);
      }
      throw error;
    }
  }

  /** Our own orphans only: an open transaction of somebody else may be work in progress. */
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

  return { run, dropOrphans };
}
