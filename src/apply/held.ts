import { RemoteError } from '../errors.ts';
import type { Held } from './applier.ts';
import type { Configuration, Edit, Step } from './edit.ts';

/** A step, and the module that it belongs to. */
export interface OwnedStep {
  readonly owner: string;
  readonly step: Step;
}

/** The remaining `edits`, and the modules whose edits must not be made. */
export interface Remaining {
  readonly steps: readonly OwnedStep[];
  readonly held: readonly Held[];
}

/** The failure of one module does not stop the others. Throws the first error when all have failed. */
export function remainingSteps(edits: readonly Edit[], configuration: Configuration): Remaining {
  const steps: OwnedStep[] = [];
  const held: Held[] = [];
  for (const { owner, remaining } of edits) {
    try {
      const step = remaining(configuration);
      if (step !== null) steps.push({ owner, step });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      held.push({ owner, error });
    }
  }
  throwIfAll(held, steps.length);
  return { steps, held };
}

/**
 * Makes all `steps` together. If that is refused, each is checked alone, without a write, and a second attempt leaves
 * out those that are refused. Throws the error of the first attempt if no step, or every step, is the cause.
 */
export async function withoutRefused<T>(
  { steps, held }: Remaining,
  make: (steps: readonly OwnedStep[]) => Promise<T>,
  validate: (step: OwnedStep) => Promise<void>,
): Promise<{ readonly made: T; readonly held: readonly Held[] }> {
  try {
    return { made: await make(steps), held };
  } catch (error) {
    if (!isRefusal(error) || steps.length < 2) throw error;
    const refused: Held[] = [];
    for (const each of steps) {
      try {
        await validate(each);
      } catch (reason) {
        if (!isRefusal(reason)) throw reason;
        refused.push({ owner: each.owner, error: reason });
      }
    }
    if (refused.length === 0 || refused.length === steps.length) throw error;
    const owners = new Set(refused.map(({ owner }) => owner));
    const others = steps.filter(({ owner }) => !owners.has(owner));
    return { made: await make(others), held: [...held, ...refused] };
  }
}

function throwIfAll(held: readonly Held[], others: number): void {
  const [first] = held;
  if (first !== undefined && others === 0) throw first.error;
}

/** Errors of the content, not of the transport: the same content would be refused again. */
function isRefusal(error: unknown): error is RemoteError {
  return (
    error instanceof RemoteError &&
    !error.retryable &&
    (error.code !== 'RELOAD_FAILED' || error.stage === 'validate')
  );
}
