import type { Log } from '../../log.ts';
import type { LegOptions } from './legs/open-leg.ts';
import type { teachNothing } from './legs/teach-nothing.ts';
import { type FirstLesson, firstLesson, type Other } from './pairing/lessons.ts';

export interface FirstLessonOptions {
  readonly leg: Omit<LegOptions, 'signal' | 'timeoutMs'>;
  readonly teach: typeof teachNothing;
  readonly synced: () => boolean;
  readonly others: () => readonly Other[];
  /** False: it is still open whether there is a snapshot to learn from. */
  readonly mayBeTold: () => boolean;
  readonly log: Log;
  /** HAProxy was told that there is nothing. */
  readonly onTaught: () => void;
}

/** HAProxy asks soon after its start, or as soon as nobody else teaches it. */
const listenMs = 1000;

/**
 * For a HAProxy that has still to learn: tells it that there is nothing to learn, when that is so. One look; why nothing
 * is done yet, or null. Ends early when it becomes wrong.
 */
export function createFirstLesson(options: FirstLessonOptions) {
  const { leg, synced, others, log } = options;
  let said = '';
  function decide(): FirstLesson {
    const decided = firstLesson(synced(), others());
    if (decided.kind !== 'nothing' || options.mayBeTold()) return decided;
    return { kind: 'wait', why: 'a snapshot may be restored' };
  }

  return async (signal: AbortSignal): Promise<string | null> => {
    const decided = decide();
    if (decided.kind !== 'nothing') {
      if (decided.why !== said) log.info({ kind: decided.kind, why: decided.why }, 'first resync');
      said = decided.why;
      return decided.why;
    }
    const outcome = await options.teach({
      ...leg,
      timeoutMs: listenMs,
      signal,
      stillNobody: () => decide().kind === 'nothing',
    });
    if (outcome === 'taught') {
      log.info('nobody holds entries: HAProxy is told that there is nothing to learn');
      options.onTaught();
    } else log.debug({ outcome }, 'first resync');
    return null;
  };
}
