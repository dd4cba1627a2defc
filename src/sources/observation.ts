import type { Membership } from '../model/membership.ts';
import type { Chosen } from './choose-members.ts';

/**
 * What a source knows, kept between events. The members are computed when they are read and not at each event, so a
 * burst of 1,000 events costs one computation. Once synced it stays synced, whatever happens to the origin, and the
 * last known members stay, with a note. A silent origin cannot remove a member: only a complete list or a deletion
 * reported by the origin does. So it is still safe to act on the known members, and a pod that was reported just
 * before the connection was lost must still be added.
 */
export interface Observation {
  /** The origin answered or sent something, be it that nothing changed. */
  heard(): void;
  /** The members may have changed. The first call makes the observation synced. */
  changed(): void;
  /** Why the origin is not heard at present; undefined when it is again. */
  trouble(why: string | undefined): void;
  synced(): boolean;
  snapshot(): Membership;
  onChange(poke: () => void): void;
}

export interface ObservationOptions {
  readonly compute: () => Chosen;
  /** The note of the snapshot before anything was heard. */
  readonly unheard: string;
  /** The date, in milliseconds since the epoch: it is shown. */
  readonly wallNow: () => number;
}

export function createObservation({ compute, unheard, wallNow }: ObservationOptions): Observation {
  const pokes: (() => void)[] = [];
  let synced = false;
  let observedAtMs = 0;
  let why: string | undefined;
  let chosen: Chosen | undefined;

  function poke(): void {
    for (const one of pokes) one();
  }

  /** One text for one trouble, however long it lasts: a note that counts seconds would be a change every second. */
  function troubleNote(): readonly string[] {
    if (why === undefined) return synced ? [] : [unheard];
    if (!synced) return [why];
    return [`members as of ${new Date(observedAtMs).toISOString()}: ${why}`];
  }

  return {
    heard() {
      observedAtMs = wallNow();
    },
    changed() {
      synced = true;
      chosen = undefined;
      poke();
    },
    trouble(reason) {
      if (reason === why) return;
      why = reason;
      poke();
    },
    synced: () => synced,
    snapshot() {
      if (!synced) return { synced, members: [], notes: troubleNote(), awaited: 0, observedAtMs };
      chosen ??= compute();
      const { members, notes, awaited, ignored = 0, leaving = false, leftOut } = chosen;
      const all = [...troubleNote(), ...notes];
      const told = leftOut === undefined ? {} : { leftOut };
      return { synced, members, notes: all, awaited, ignored, leaving, observedAtMs, ...told };
    },
    onChange(callback) {
      pokes.push(callback);
    },
  };
}
