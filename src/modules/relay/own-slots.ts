import type { Log } from '../../log.ts';
import type { Member } from '../../model/member.ts';
import { anew, assign, begin, compared, createSlots, needsReset, retain } from './pairing/slots.ts';
import type { View } from './pairing/view.ts';

export interface OwnSlots {
  /** The slot of a pod, its own from now on; null: none is left. */
  of(pod: { readonly uid: string; readonly pod: string }): string | null;
  /** The one that a pod has now. */
  held(uid: string): string | null;
  needsReset(slot: string, uid: string, theirs: View): boolean;
  /** A session with their worker begins on it; `whole`: as HAProxy itself would begin it. */
  begin(slot: string, uid: string, theirs: View, whole: boolean): void;
  /** That pod has got what was before the marks of its session. */
  compared(uid: string): void;
  /** Our HAProxy as it is now; null: it does not answer. */
  look(view: View | null): void;
  /** Gives back those of pods that are neither members nor linked. */
  retain(members: readonly Member[], isLinked: (uid: string) => boolean): void;
  /** A link to that pod has ended. */
  unlinked(uid: string): void;
}

/** Which slot of our HAProxy is whose, and what was confirmed on it. */
export function createOwnSlots(
  names: readonly string[],
  { log, onFull }: { readonly log: Log; readonly onFull: (pod: string) => void },
): OwnSlots {
  let slots = createSlots(names);
  /** Linked pods that there was no slot for. */
  const refused = new Set<string>();
  /** The names of pods that hold a slot. */
  const pods = new Map<string, string>();
  let looked = false;
  /** The last one that answered. */
  let worker: string | null = null;

  function refuse(uid: string, pod: string): null {
    onFull(pod);
    if (!refused.has(uid))
      log.warn(
        { pod, slots: names.length },
        'no slot is left for this peer, and its entries do not come here: give init and run more with --relay-slots, by a rollout',
      );
    refused.add(uid);
    return null;
  }

  return {
    of({ uid, pod }) {
      const assigned = assign(slots, uid);
      if (assigned.kind === 'full') return refuse(uid, pod);
      ({ slots } = assigned);
      pods.set(uid, pod);
      refused.delete(uid);
      return assigned.slot;
    },
    held: (uid) => slots.held.get(uid) ?? null,
    needsReset: (slot, uid, theirs) => needsReset(slots, slot, uid, theirs.worker),
    begin(slot, uid, theirs, whole) {
      slots = begin(slots, slot, uid, theirs.worker, whole);
    },
    compared(uid) {
      slots = compared(slots, uid);
    },
    look(view) {
      // The first one may have run for long, with another run of this program beside it; and one that does not answer for
      // a while is none of another worker.
      if (looked && view !== null && view.worker !== worker) slots = anew(slots);
      looked = true;
      worker = view?.worker ?? worker;
    },
    retain(members, isLinked) {
      const staying = (uid: string) =>
        // Members come and go in what is known of them, and the session lives: no other may be given its slot.
        isLinked(uid) ||
        members.some((member) =>
          member.uid === undefined ? member.name === pods.get(uid) : member.uid === uid,
        );
      slots = retain(slots, new Set([...slots.held.keys()].filter(staying)));
      for (const uid of pods.keys()) if (!slots.held.has(uid)) pods.delete(uid);
    },
    unlinked(uid) {
      refused.delete(uid);
    },
  };
}
