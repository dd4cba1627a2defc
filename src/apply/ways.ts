import type { Caller } from '../dataplane/caller.ts';
import type { Work } from '../dataplane/commits.ts';
import { WouldDamage } from '../dataplane/damage.ts';
import type { Log } from '../log.ts';
import type { OwnedStep } from './held.ts';

export type InAnyWay = <T>(
  steps: readonly OwnedStep[],
  make: (work: Work) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

/** Whether the worker goes on without one of `steps`. */
export function lacksAny(steps: readonly OwnedStep[]): Work['lacks'] {
  return async (stop) => {
    for (const { step } of steps) if (await step.lacks(stop)) return true;
    return false;
  };
}

/**
 * Makes all steps in the first way in which no line of anybody else is damaged; a step that has no other one stays with its
 * last. Throws `WouldDamage` where there is none.
 */
export function createInAnyWay({
  caller,
  log,
}: {
  readonly caller: Caller;
  readonly log: Log;
}): InAnyWay {
  return async (steps, make, signal) => {
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
        if (!(error instanceof WouldDamage) || index >= most - 1) throw error;
        const mode = chosen.map(({ name }) => name).join();
        log.info({ mode, why: error.message }, 'not committed: entries are edited one by one');
      }
    }
  };
}
