import { control, controlTypes, resyncFinished } from '../wire/messages.ts';
import { converse } from './converse.ts';
import { type LegOptions, openLeg } from './open-leg.ts';

export interface TeachNothingOptions extends LegOptions {
  /** Asked at the very moment of the answer: is there still nobody who could teach anything? Missing: yes. */
  readonly stillNobody?: () => boolean;
}

/**
 * Plays a peer that has nothing, for a worker that nobody can teach: it asks to be taught, and is told at once that this was all,
 * in place of 5 s in which nobody answers. HAProxy asks one peer at a time (PEERS_F_RESYNC_ASSIGN, src/peers.c), so as long as
 * another teaches, it does not ask here: `not-asked`, after `timeoutMs`. But it asks here when that session breaks off,
 * hence `stillNobody`. Other texts say what went wrong. Never throws.
 */
export async function teachNothing(
  options: TeachNothingOptions,
): Promise<'taught' | 'not-asked' | string> {
  const { timeoutMs, signal, stillNobody = () => true } = options;
  const opened = await openLeg(options);
  if (opened.kind !== 'up') return opened.why;
  const { leg } = opened;
  let asked = false;
  const result = await converse(leg, {
    ...{ timeoutMs, signal },
    hear: (frame) => {
      if (frame.class !== control) return undefined;
      if (frame.type === controlTypes.resyncRequest) {
        if (!stillNobody()) return 'not-asked';
        asked = true;
        leg.write(resyncFinished);
      }
      // It confirms when its resync is finished: to close before that could break it off (3.0 and later).
      return asked && frame.type === controlTypes.resyncConfirm ? 'taught' : undefined;
    },
  });
  leg.close();
  await leg.closed;
  if (result.kind === 'heard') return result.value;
  return result.kind === 'late' && !asked ? 'not-asked' : result.why;
}
