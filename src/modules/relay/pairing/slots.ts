/** What a slot of the own worker was last used for. */
interface Used {
  readonly uid: string;
  /** The worker on the other side; null: assigned, and never paired. */
  readonly worker: string | null;
  /** False: it began behind marks, and what is before them may be missing on the other side. */
  readonly whole: boolean;
}

/** Slots of the own HAProxy, by the names they have in haproxy.cfg. A value: each change makes another one. */
export interface Slots {
  readonly names: readonly string[];
  /** Pods that have one now. */
  readonly held: ReadonlyMap<string, string>;
  /** Slots that a session was made on, the one that was freed longest ago first. */
  readonly used: ReadonlyMap<string, Used>;
  /** The others were never used by this worker. False: another run of the sidecar may have used them. */
  readonly fresh: boolean;
}

export type Assigned =
  | { readonly kind: 'slot'; readonly slots: Slots; readonly slot: string }
  | { readonly kind: 'full' };

/** Of a worker that may have run before this sidecar did. */
export function createSlots(names: readonly string[]): Slots {
  return { names, held: new Map(), used: new Map(), fresh: false };
}

/**
 * The slot of a pod: its own, else the one it had before, where what it has confirmed still stands, else one that was never used,
 * else the one that has been free for longest.
 */
export function assign(slots: Slots, uid: string): Assigned {
  const own = slots.held.get(uid);
  if (own !== undefined) return { kind: 'slot', slots, slot: own };
  const taken = new Set(slots.held.values());
  const free = (slot: string) => !taken.has(slot);
  const slot =
    [...slots.used].find(([name, was]) => free(name) && was.uid === uid)?.[0] ??
    slots.names.find((name) => free(name) && !slots.used.has(name)) ??
    [...slots.used.keys()].find(free);
  if (slot === undefined) return { kind: 'full' };
  return { kind: 'slot', slot, slots: { ...slots, held: new Map([...slots.held, [uid, slot]]) } };
}

/** Pods that are gone give their slots back. */
export function retain(slots: Slots, uids: ReadonlySet<string>): Slots {
  const gone = [...slots.held].filter(([uid]) => !uids.has(uid));
  if (gone.length === 0) return slots;
  const used = new Map(slots.used);
  for (const [, slot] of gone) {
    const was = used.get(slot);
    if (was === undefined) continue;
    used.delete(slot);
    used.set(slot, was);
  }
  return { ...slots, used, held: new Map([...slots.held].filter(([uid]) => uids.has(uid))) };
}

/**
 * HAProxy keeps, for each peer and table, what that has confirmed, and a new session goes on from there (haproxy src/peers.c,
 * `st->update`). For another pod or another worker on the other side that is wrong, and entries would never be sent.
 */
export function needsReset(slots: Slots, slot: string, uid: string, worker: string): boolean {
  const was = slots.used.get(slot);
  if (was === undefined) return !slots.fresh;
  return was.uid !== uid || was.worker !== worker || !was.whole;
}

/** A session with this worker begins on the slot; `whole`: as HAProxy itself would begin it. */
export function begin(
  slots: Slots,
  slot: string,
  uid: string,
  worker: string,
  whole = true,
): Slots {
  return { ...slots, used: new Map([...slots.used, [slot, { uid, worker, whole }]]) };
}

/** That pod has got what was before the marks. */
export function compared(slots: Slots, uid: string): Slots {
  const slot = slots.held.get(uid);
  const was = slot === undefined ? undefined : slots.used.get(slot);
  if (slot === undefined || was?.uid !== uid) return slots;
  return { ...slots, used: new Map([...slots.used, [slot, { ...was, whole: true }]]) };
}

/** A worker of our own HAProxy runs that was not there before, and has used none. Pods keep theirs, so that `show peers` stays readable. */
export function anew({ names, held }: Slots): Slots {
  return { names, held, used: new Map(), fresh: true };
}
