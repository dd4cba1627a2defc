import type { Status } from '../../telemetry/status-schema.ts';
import type { Taken } from './take.ts';

type Shown = NonNullable<Status['snapshot']>;

/** What is told of snapshots at `/status`. */
export interface Told {
  taken(taken: Taken): void;
  restored(restored: Omit<NonNullable<Shown['restored']>, 'atMs'>): void;
  /** `records`: this replica is the one that takes them. */
  shown(records: boolean): Shown;
}

/** A reason may quote a path, and is for one line. */
const longestWhy = 300;

/** `wallNow`: the date, in milliseconds since the epoch. */
export function createTold(wallNow: () => number): Told {
  let last: Shown['last'] = null;
  let failure: Shown['failure'] = null;
  let restored: Shown['restored'] = null;
  return {
    taken(taken) {
      if (taken.kind === 'failed') {
        failure = { atMs: wallNow(), why: taken.why.slice(0, longestWhy) };
        return;
      }
      failure = null;
      if (taken.kind !== 'taken') return;
      const { takenAtMs: atMs, entries, bytes, ms } = taken;
      last = { atMs, entries, bytes, ms: Math.round(ms) };
    },
    restored(what) {
      restored = { atMs: wallNow(), ...what };
    },
    shown: (records) => ({ records, last, failure, restored }),
  };
}
