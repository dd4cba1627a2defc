import type { Log } from '../../log.ts';
import type { openLeg } from './legs/open-leg.ts';
import type { resetSlot } from './legs/reset-slot.ts';
import type { OwnSlots } from './own-slots.ts';
import type { Lesson } from './pairing/lessons.ts';
import type { Opened } from './pairing/run-pair.ts';
import type { View } from './pairing/view.ts';
import type { HaproxyAddress } from './section/address.ts';
import type { LinkTo } from './sibling-link.ts';
import { resyncRequest } from './wire/messages.ts';

/** Where HAProxy listens for peers, and what it calls itself and its slots. */
export interface OwnHaproxy {
  readonly at: HaproxyAddress;
  readonly local: string;
  readonly slots: readonly string[];
  /** How many stick tables it shares, or more. */
  readonly tables: number;
}

export interface OwnLegsOptions {
  readonly haproxy: OwnHaproxy;
  readonly legs: { readonly open: typeof openLeg; readonly reset: typeof resetSlot };
  readonly slots: OwnSlots;
  /** Our HAProxy as it is now; null: it does not answer. */
  readonly view: () => View | null;
  readonly log: Log;
  /** `why` the own HAProxy teaches the other all it holds. */
  readonly onLesson: (pod: string, why: string) => void;
}

/** HAProxy is on the same machine. */
const answerMs = 1000;

/** Opens the own leg of a session with `theirs`: on the slot of that pod, and reset first where that is needed. `wanted`: what it begins with. */
export type OpenOwnLeg = (
  other: LinkTo['other'],
  theirs: View,
  wanted: (mine: View) => Lesson,
  signal: AbortSignal,
) => Promise<Opened>;

export function createOwnLegs({ haproxy, legs, slots, log, ...own }: OwnLegsOptions): OpenOwnLeg {
  return async ({ uid, pod }, theirs, wanted, signal) => {
    const slot = slots.of({ uid, pod });
    if (slot === null)
      return { kind: 'full', why: `all ${haproxy.slots.length} slots are in use (--relay-slots)` };
    const leg = { at: haproxy.at, local: haproxy.local, slot, timeoutMs: answerMs, signal };
    const mine = own.view();
    if (mine === null) return { kind: 'refused', why: 'HAProxy does not answer' };
    if (slots.needsReset(slot, uid, theirs)) {
      const isReset = await legs.reset({ ...leg, tables: haproxy.tables });
      if (!isReset) return { kind: 'refused', why: `slot ${slot} could not be reset` };
    }
    // Another worker may run by now, which has used none.
    if (own.view()?.worker !== mine.worker) return { kind: 'refused', why: 'another worker' };
    slots.begin(slot, uid, theirs);
    const outcome = await legs.open(leg);
    if (outcome.kind !== 'up') return outcome;
    const decided = wanted(mine);
    if (decided.teach) {
      outcome.leg.write(resyncRequest);
      log.info({ pod, slot, why: decided.why }, 'a peer is taught all tables');
      own.onLesson(pod, decided.why);
    }
    return { ...outcome, taught: decided.teach };
  };
}
