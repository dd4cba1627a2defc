import type { Caller } from '../dataplane/caller.ts';
import { type Commits, noWork, type Work } from '../dataplane/commits.ts';
import { damageError, refuseDamage, WouldDamage } from '../dataplane/damage.ts';
import type { Journal } from '../dataplane/journal.ts';
import type { Seen } from '../dataplane/read-config.ts';
import type { RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Applied } from './applier.ts';
import type { Edit } from './edit.ts';
import { type OwnedStep, type Remaining, remainingSteps, withoutRefused } from './held.ts';
import { refuseObstacles } from './refuse.ts';

export interface ChangeOptions {
  readonly caller: Caller;
  readonly commits: Commits;
  readonly journal: Journal;
  readonly read: (signal: AbortSignal) => Promise<Seen>;
  /** Any write of `text` would damage what others have written in it: `why` says what. */
  readonly onDamage: (text: string, why: string) => void;
  /** Whether the worker has all of `text`, given the time that a reload takes; `undefined` when it cannot be asked. */
  readonly loaded: (text: string, signal: AbortSignal) => Promise<boolean | undefined>;
  readonly log: Log;
}

/** One try of a change: look, begin, edit, check, commit. Everything in it may be done again. */
export interface Change {
  /** `known` is what was read last, when that is still what the edits were planned on. */
  readonly run: (
    known: Seen | undefined,
    edits: readonly Edit[],
    signal: AbortSignal,
  ) => Promise<Omit<Applied, 'attempts'>>;
  /** Writes what the worker has already, without a reload. */
  readonly persist: (
    seen: Seen,
    edits: readonly Edit[],
    signal: AbortSignal,
  ) => Promise<Pick<Applied, 'version' | 'held'>>;
  /** A checked reload of what was `seen`, by a transaction that changes nothing. */
  readonly reload: (seen: Seen, signal: AbortSignal) => Promise<void>;
}

export function createChange(options: ChangeOptions): Change {
  const { caller, journal, log } = options;
  const { transact, validate } = options.commits;

  async function run(
    known: Seen | undefined,
    edits: readonly Edit[],
    signal: AbortSignal,
  ): Promise<Omit<Applied, 'attempts'>> {
    const seen = known ?? (await options.read(signal));
    const remaining = remainingSteps(edits, seen);
    if (remaining.steps.length === 0) return nothingLeft(seen, signal);
    try {
      return await make(seen, remaining, signal);
    } catch (error) {
      if (!(error instanceof TextDamaged)) throw error;
      const owners = new Set(remaining.steps.filter(isWhole).map(({ owner }) => owner));
      const others = edits.filter(({ owner }) => !owners.has(owner));
      if (others.length === 0) throw error.error;
      // What was written for it was taken back, so that what was seen is old.
      const made = await run(undefined, others, signal);
      const held = [...owners].map((owner) => ({ owner, error: error.error }));
      return { ...made, held: [...(made.held ?? []), ...held] };
    }
  }

  async function make(seen: Seen, remaining: Remaining, signal: AbortSignal) {
    const { made, held } = await withoutRefused(
      remaining,
      (steps) =>
        steps.some(isWhole)
          ? inOneText(seen, steps, signal)
          : inAnyWay(seen, steps, (work) => transact(seen, work, signal), signal),
      async (step) => {
        if (!isWhole(step))
          return inAnyWay(seen, [step], (work) => validate(seen, work, signal), signal);
        const text = step.step.inText(seen.text);
        await options.commits.validateText(seen, { text, own: [step.step.own] }, signal);
      },
    );
    return { ...made, ...(held.length === 0 ? {} : { held }) };
  }

  async function inOneText(seen: Seen, steps: readonly OwnedStep[], signal: AbortSignal) {
    refuseObstacles('haproxy.cfg', seen);
    const text = steps.reduce((before, { step }) => step.inText(before), seen.text);
    const lacks = lacksAny(steps);
    try {
      return await options.commits.replace(seen, { text, lacks }, signal);
    } catch (error) {
      // Nothing of what is there would be damaged, only what was to be put in its place.
      throw error instanceof WouldDamage ? new TextDamaged(damageError(error)) : error;
    }
  }

  function lacksAny(steps: readonly OwnedStep[]) {
    return async (stop: AbortSignal) => {
      for (const { step } of steps) if (await step.lacks(stop)) return true;
      return false;
    };
  }

  /** The first way in which no line of anybody else is damaged; a step that has no other one stays with its last. */
  async function inAnyWay<T>(
    seen: Seen,
    steps: readonly OwnedStep[],
    make: (work: Work) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const api = await caller.version(signal);
    const ways = steps.map(({ step }) => step.ways(api));
    const most = Math.max(...ways.map(({ length }) => length));
    for (let index = 0; ; index++) {
      const chosen = ways.flatMap((each) => each[Math.min(index, each.length - 1)] ?? []);
      try {
        return await make({
          own: steps.map(({ step }) => step.own),
          async fill(transaction, stop) {
            for (const way of chosen) await way.make(caller, transaction, stop);
          },
          lacks: lacksAny(steps),
        });
      } catch (error) {
        if (!(error instanceof WouldDamage)) throw error;
        if (index >= most - 1) throw await refused(seen, error, signal);
        const mode = chosen.map(({ name }) => name).join();
        log.info({ mode, why: error.message }, 'not committed: entries are edited one by one');
      }
    }
  }

  async function persist(seen: Seen, edits: readonly Edit[], signal: AbortSignal) {
    const remaining = remainingSteps(edits, seen);
    if (remaining.steps.length === 0) return { version: seen.version };
    const edited = (steps: readonly OwnedStep[]) => ({
      own: steps.map(({ step }) => step.own),
      text: steps.reduce((before, { step }) => step.inText(before), seen.text),
    });
    const { persist: write, validateText } = options.commits;
    const { made, held } = await withoutRefused(
      remaining,
      (steps) => refusing(seen, () => write(seen, edited(steps), signal), signal),
      (step) => refusing(seen, () => validateText(seen, edited([step]), signal), signal),
    );
    return { version: made, ...(held.length === 0 ? {} : { held }) };
  }

  async function reload(seen: Seen, signal: AbortSignal): Promise<void> {
    refuseObstacles('haproxy.cfg', seen);
    await refusing(seen, () => transact(seen, noWork, signal), signal);
  }

  async function refusing<T>(seen: Seen, make: () => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await make();
    } catch (error) {
      throw error instanceof WouldDamage ? await refused(seen, error, signal) : error;
    }
  }

  /** What any write would damage is not tried again by any module. What one edit alone would damage does not stop the others. */
  async function refused(seen: Seen, damage: WouldDamage, signal: AbortSignal) {
    const error = damageError(damage);
    if (await anyWriteDamages(seen, signal)) options.onDamage(seen.text, error.message);
    return error;
  }

  async function anyWriteDamages({ text, version }: Seen, signal: AbortSignal): Promise<boolean> {
    const written = await options.commits.rehearse(version, signal);
    try {
      refuseDamage(text, written, []);
      return false;
    } catch (error) {
      if (error instanceof WouldDamage) return true;
      throw error;
    }
  }

  /** Done already; by whom, and is it loaded? Only asked after a commit whose answer never came. A reload is for the gate. */
  async function nothingLeft(seen: Seen, signal: AbortSignal) {
    const { version } = seen;
    if (!journal.reloadDue()) return { reloaded: false, version };
    const loaded = await options.loaded(seen.text, signal);
    if (loaded === false) {
      log.warn('the change is written but not loaded: a reload is due');
      return { reloaded: false, version };
    }
    if (loaded === undefined) {
      log.warn(
        'the change is written, but the answer to its reload was lost and nobody can be asked',
      );
    }
    await journal.setReloadDue(false);
    return { reloaded: true, version };
  }

  return { run, persist, reload };
}

/** The API would write another text than the one that was to be in place of all. Nobody else's edit is the cause. */
class TextDamaged extends Error {
  override readonly name = 'TextDamaged';
  readonly error: RemoteError;

  constructor(error: RemoteError) {
    super(error.message);
    this.error = error;
  }
}

function isWhole({ step }: OwnedStep): boolean {
  return step.whole === true;
}
