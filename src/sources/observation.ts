import type { Membership } from '../model/membership.ts';
import type { Chosen } from './choose-members.ts';

/**
 * What a source knows, kept between events. The members are computed when somebody looks, not at each event, so a
 * burst of 1,000 events costs one computation.
 *
 * Once synced it stays synced, whatever happens to the origin. The last known members stay with a note: a silent
 * origin cannot remove anybody, because only a complete list or a deletion that the origin itself reported does, so
 * what is known remains safe to act on, and a pod that we were told of just before the cut must still be let in.
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
