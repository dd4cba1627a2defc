import type { Caller } from '../dataplane/caller.ts';
import type { Commits } from '../dataplane/commits.ts';
import { damageError, WouldDamage } from '../dataplane/damage.ts';
import type { Journal } from '../dataplane/journal.ts';
import type { Loaded } from '../dataplane/loaded.ts';
import type { Seen } from '../dataplane/read-config.ts';
import { edit, editModes } from '../dataplane/resources/peers-edits.ts';
import type { Sections } from '../dataplane/resources/peers-section.ts';
import type { RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import { hasChanges, noChanges, type PeersChanges, remainingChanges } from '../model/changes.ts';
import type { Applied } from './applier.ts';
import { refuseEntries, refuseObstacles, sectionMissing } from './refuse.ts';

export interface ChangeOptions {
  readonly caller: Caller;
  readonly commits: Commits;
  readonly sections: Sections;
  readonly journal: Journal;
  readonly read: (signal: AbortSignal) => Promise<Seen>;
  /** A write of `text` would damage what others have written in it: `why` says what. */
  readonly onDamage: (text: string, why: string) => void;
  readonly loaded: Loaded;
  readonly log: Log;
}

/** One try of a change: look, begin, edit, check, commit. Everything in it may be done again. */
export interface Change {
  /** `known` is what was read last, when that is still what the change was planned on. */
  readonly run: (
    known: Seen | undefined,
    changes: PeersChanges,
    signal: AbortSignal,
  ) => Promise<Omit<Applied, 'attempts'>>;
  /** A checked reload of what was `seen`, by a transaction that changes nothing. */
  readonly reload: (seen: Seen, signal: AbortSignal) => Promise<void>;
}

export function createChange(options: ChangeOptions): Change {
  const { caller, sections, journal, log } = options;
  const { transact } = options.commits;

  async function run(known: Seen | undefined, changes: PeersChanges, signal: AbortSignal) {
    const seen = known ?? (await options.read(signal));
    const { section, unmodelled } = seen;
    refuseObstacles(section);
    refuseEntries(changes);
    const remaining = remainingChanges(section, changes);
    if (!section.exists && hasChanges(remaining) && !remaining.create)
      throw sectionMissing(section);
    if (!hasChanges(remaining)) return nothingLeft(seen, signal);
    const fullSections = (await caller.version(signal)) === 'v3';
    const modes = editModes(remaining, { fullSections, unmodelled });
    for (const [index, mode] of modes.entries()) {
      try {
        return await transact(seen, remaining, signal, (transaction) => {
          const where = { section: section.name, style: section.style, transaction };
          return edit(sections, where, section, remaining, { mode, fullSections }, signal);
        });
      } catch (error) {
        if (!(error instanceof WouldDamage)) throw error;
        if (index === modes.length - 1) throw refused(seen, error);
        log.info({ mode, why: error.message }, 'not committed: entries are edited one by one');
      }
    }
    throw new Error('no way to make a change');
  }

  async function reload(seen: Seen, signal: AbortSignal): Promise<void> {
    refuseObstacles(seen.section);
    try {
      await transact(seen, noChanges, signal, async () => {});
    } catch (error) {
      throw error instanceof WouldDamage ? refused(seen, error) : error;
    }
  }

  function refused(seen: Seen, damage: WouldDamage): RemoteError {
    const error = damageError(damage);
    options.onDamage(seen.text, error.message);
    return error;
  }

  /** Done already; by whom, and is it loaded? Only asked after a commit whose answer never came. */
  async function nothingLeft(seen: Seen, signal: AbortSignal) {
    const { section } = seen;
    if (!journal.reloadDue()) return { reloaded: false, version: section.version };
    const loaded = await options.loaded.has(section, signal);
    if (loaded === false) {
      log.warn({ section: section.name }, 'the change is written but not loaded: reloading');
      return transact(seen, noChanges, signal, async () => {});
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

  return { run, reload };
}
