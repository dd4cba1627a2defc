import type { Log } from '../../log.ts';
import { alone, createDesk } from './difference/desk.ts';
import type { drainSlot } from './legs/drain-slot.ts';
import type { openLeg } from './legs/open-leg.ts';
import type { resetSlot } from './legs/reset-slot.ts';
import type { OwnSlots } from './own-slots.ts';
import { confirmedFor } from './pairing/beginning.ts';
import type { Lesson } from './pairing/lessons.ts';
import type { Opened } from './pairing/run-pair.ts';
import type { View } from './pairing/view.ts';
import type { HaproxyAddress } from './section/address.ts';
import type { SessionBeginning } from './session-beginning.ts';
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

/** What is done on a slot. */
export interface Legs {
  readonly open: typeof openLeg;
  readonly reset: typeof resetSlot;
  readonly drain: typeof drainSlot;
}

export interface OwnLegsOptions {
  readonly haproxy: OwnHaproxy;
  readonly legs: Legs;
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
  from: SessionBeginning,
  signal: AbortSignal,
) => Promise<Opened>;

export function createOwnLegs({ haproxy, legs, slots, log, ...own }: OwnLegsOptions): OpenOwnLeg {
  /** Eight at once take HAProxy as long as one after the other, and each of them eight times as long: longer than is waited for. */
  const drains = createDesk();
  return async ({ uid, pod }, theirs, wanted, from, signal) => {
    const slot = slots.of({ uid, pod });
    if (slot === null)
      return { kind: 'full', why: `all ${haproxy.slots.length} slots are in use (--relay-slots)` };
    const leg = { at: haproxy.at, local: haproxy.local, slot, timeoutMs: answerMs, signal };
    const mine = own.view();
    if (mine === null) return { kind: 'refused', why: 'HAProxy does not answer' };
    const reset = async (confirmed: ReadonlyMap<number, number>) =>
      (await legs.reset({ ...leg, tables: haproxy.tables, confirmed }))
        ? null
        : { kind: 'refused' as const, why: `slot ${slot} could not be reset` };
    if (slots.needsReset(slot, uid, theirs)) {
      const failed = await reset(new Map());
      if (failed !== null) return failed;
    }
    const isOver = () => signal.aborted || own.view()?.worker !== mine.worker;
    let isNew = false;
    const drain = async () => {
      // The slot may be another pod's by now.
      if (isOver()) return null;
      isNew = true;
      // If it breaks off, HAProxy may count as confirmed what nobody has got.
      slots.begin(slot, uid, theirs, false);
      return legs.drain(leg);
    };
    const begins = await from.of(mine, theirs, () => alone(drains, drain, signal));
    if (isOver()) return { kind: 'refused', why: 'the round is over' };
    const confirmed = confirmedFor(begins);
    if (confirmed !== null && !(isNew && begins.kind === 'marks')) {
      const failed = await reset(confirmed);
      if (failed !== null) return failed;
    }
    // Another worker may run by now, which has used none.
    if (own.view()?.worker !== mine.worker) return { kind: 'refused', why: 'another worker' };
    slots.begin(slot, uid, theirs, begins.kind !== 'marks' || begins.allOf.length > 0);
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
