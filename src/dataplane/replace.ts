import { impliedDefaults, lossyLines, writtenByApi } from '../config-text/api-model.ts';
import { errorMessage, RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import { refuseDamage, refuseLongLines, WouldDamage } from './damage.ts';
import { answeredForAnother, committedBetween, outcomeUnknown } from './failure.ts';
import type { Journal } from './journal.ts';
import type { Seen } from './read-config.ts';
import type { Attempt } from './restore.ts';
import type { Committed, RawConfiguration, Transactions } from './transactions.ts';

/** The text that replaces everything that was `seen`. */
export interface Replacement {
  readonly text: string;
  /** As of `Work`. */
  readonly lacks: (signal: AbortSignal) => Promise<boolean>;
}

export type Replace = (
  seen: Seen,
  replacement: Replacement,
  signal: AbortSignal,
) => Promise<Committed>;

export interface ReplaceOptions {
  readonly transactions: Transactions;
  readonly journal: Journal;
  readonly log: Log;
  readonly begin: (version: string, signal: AbortSignal) => Promise<string>;
  readonly rehearse: (version: string, signal: AbortSignal) => Promise<string>;
  /** After a failed reload: loads what was seen again. */
  readonly takeBack: (seen: Seen, attempt: Attempt, signal: AbortSignal) => Promise<void>;
  /** Removes our own open transactions. */
  readonly drop: () => Promise<void>;
}

export function createReplace(options: ReplaceOptions): Replace {
  const { transactions, journal, log } = options;

  async function replace(
    seen: Seen,
    { text, lacks }: Replacement,
    signal: AbortSignal,
  ): Promise<Committed> {
    refuseText(text);
    await refuseUnwritable(seen, signal);
    signal.throwIfAborted();
    const wasDue = journal.reloadDue();
    await journal.setReloadDue(true);
    let written: RawConfiguration | undefined;
    try {
      written = await write(seen, text);
      const { version } = written;
      const transaction = await options.begin(version, signal);
      const after = await transactions.commit(transaction);
      if (await lacks(signal)) throw answeredForAnother();
      await journal.setReloadDue(false);
      await journal.ended(transaction);
      return { reloaded: true, transaction, version: after };
    } catch (error) {
      if (!(error instanceof WouldDamage) && outcomeUnknown(error)) throw error;
      await journal.setReloadDue(wasDue);
      await options.drop();
      const isReload = error instanceof RemoteError && error.code === 'RELOAD_FAILED';
      if (isReload)
        await options.takeBack(seen, { own: [], written: written?.text ?? text }, signal);
      else if (written !== undefined) await writeAgain(seen, written);
      throw error;
    }
  }

  /** Both texts are checked before anything is written, because the old text may have to be written again. */
  async function refuseUnwritable(seen: Seen, signal: AbortSignal): Promise<void> {
    if (writtenByApi(seen.text)) return;
    const [implied] = impliedDefaults(seen.text);
    if (implied !== undefined) throw new WouldDamage(implied);
    refuseDamage(seen.text, await options.rehearse(seen.version, signal), []);
  }

  /** Writes without a reload. If a line is missing when it is read back, the write is reverted. */
  async function write(seen: Seen, text: string): Promise<RawConfiguration> {
    await transactions.post(text, seen.version);
    const found = await transactions.raw(neverAborted);
    if (found.version !== String(Number(seen.version) + 1)) throw committedBetween(found.version);
    try {
      refuseDamage(text, found.text, []);
      return found;
    } catch (error) {
      await writeAgain(seen, found);
      throw error;
    }
  }

  async function writeAgain(seen: Seen, { version }: RawConfiguration): Promise<void> {
    try {
      await transactions.post(seen.text, version);
    } catch (reason) {
      log.warn(
        { error: errorMessage(reason) },
        'haproxy.cfg has lines that HAProxy has not loaded',
      );
    }
  }

  return replace;
}

/** A step that must not be interrupted halfway. */
const neverAborted = new AbortController().signal;

/** Throws `WouldDamage` for a text whose damage is known in advance. */
function refuseText(text: string): void {
  refuseLongLines(text);
  const [problem] = [...lossyLines(text), ...impliedDefaults(text)];
  if (problem !== undefined) throw new WouldDamage(problem);
}
