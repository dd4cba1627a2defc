import type { Caller } from '../dataplane/caller.ts';
import { type Commits, noWork, type Work } from '../dataplane/commits.ts';
import { damageError, WouldDamage } from '../dataplane/damage.ts';
import type { Journal } from '../dataplane/journal.ts';
import type { Seen } from '../dataplane/read-config.ts';
import type { RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Applied } from './applier.ts';
import type { Edit } from './edit.ts';
import { type OwnedStep, type Remaining, remainingSteps, withoutRefused } from './held.ts';
import { refuseObstacles } from './refuse.ts';
import { createRefusing } from './refusing.ts';
import { createInAnyWay, lacksAny } from './ways.ts';

export interface ChangeOptions {
  readonly caller: Caller;
  readonly commits: Commits;
  readonly journal: Journal;
  readonly read: (signal: AbortSignal) => Promise<Seen>;
  /** Any write of `text` would damage lines of others; `why` says which. */
  readonly onDamage: (text: string, why: string) => void;
  /** Whether the worker has all of `text`, given the time that a reload takes; `undefined` if it cannot be asked. */
  readonly loaded: (text: string, signal: AbortSignal) => Promise<boolean | undefined>;
  readonly log: Log;
}

/** One attempt of a change: read, begin, edit, check, commit. All of it can be repeated. */
export interface Change {
  /** `known` is what was read last, if the edits were planned on it. */
  readonly run: (
    known: Seen | undefined,
    edits: readonly Edit[],
    signal: AbortSignal,
  ) => Promise<Omit<Applied, 'attempts'>>;
  /** Writes what the worker already has, without a reload. */
  readonly persist: (
    seen: Seen,
    edits: readonly Edit[],
    signal: AbortSignal,
  ) => Promise<Pick<Applied, 'version' | 'held'>>;
  /** A checked reload of what was `seen`, by a transaction that changes nothing. */
  readonly reload: (seen: Seen, signal: AbortSignal) => Promise<void>;
}

export function createChange(options: ChangeOptions): Change {
  const { journal, log } = options;
  const { transact, validate } = options.commits;
  const refusing = createRefusing(options);
  const anyWay = createInAnyWay(options);

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
      // Its write was reverted, so what was seen is outdated.
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
      // Only the new text would be damaged, not the existing one.
      throw error instanceof WouldDamage ? new TextDamaged(damageError(error)) : error;
    }
  }

  function inAnyWay<T>(
    seen: Seen,
    steps: readonly OwnedStep[],
    work: (work: Work) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return refusing(seen, () => anyWay(steps, work, signal), signal);
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

  /**
   * Already done, but by whom, and is it loaded? Only asked after a commit whose answer was lost. A reload must pass
   * the gate.
   */
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
        'the change is written, but the answer to its reload was lost and HAProxy cannot be asked',
      );
    }
    await journal.setReloadDue(false);
    return { reloaded: true, version };
  }

  return { run, persist, reload };
}

/** The API would not write the whole new text as it is. No other module's edit is the cause. */
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
