import { errorMessage } from '../../errors.ts';
import type { Played } from '../../lesson/play.ts';
import type { Log } from '../../log.ts';
import { ageOf } from '../../snapshot/decide/age.ts';
import {
  type Offer,
  type Other,
  type Restore,
  restoreDecision,
} from '../../snapshot/decide/choose.ts';
import { tablesLeftOut } from '../../snapshot/decide/fits.ts';
import type { SnapshotTable } from '../../snapshot/file/about.ts';
import type { Found, Refused } from './find.ts';

export interface RestoringOptions {
  readonly self: string;
  /** `findSnapshot`, without these paths. */
  readonly find: (
    skip: ReadonlySet<string>,
  ) => Promise<{ readonly found: Found | null; readonly refused: readonly Refused[] }>;
  /** Plays a file to HAProxy. `asked`: it has still to learn, and asks. */
  readonly play: (found: Found, asked: boolean, signal: AbortSignal) => Promise<Played>;
  /** Of haproxy.cfg as it is now. */
  readonly tables: () => Promise<readonly SnapshotTable[]>;
  /** How long others are waited for, in milliseconds. */
  readonly limitMs: number;
  readonly on: RestoringEvents;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow: () => number;
}

export interface RestoringEvents {
  restored(found: Found, entries: number, expired: number, ms: number): void;
  refused(refused: Refused): void;
  failed(why: string): void;
}

/** What is known at one look. */
export interface Look {
  /** Null: HAProxy does not answer. */
  readonly worker: string | null;
  /** As of `RestoreInput`. */
  readonly firstWorker: boolean | undefined;
  /** It has still to learn. */
  readonly learns: boolean;
  /** This replica is ready with this worker. */
  readonly ready: boolean;
  readonly synced: boolean;
  readonly others: readonly Other[];
}

export interface Restoring {
  /** Restores where that is right. True: HAProxy is another than it was seen. One look at a time. Never rejects. */
  look(look: Look, signal: AbortSignal): Promise<boolean>;
  /** Why this replica is not ready because of it; null: it is settled what HAProxy has. */
  waits(): string | null;
  /** What others are told of that worker; null: it was not looked at yet. */
  shown(
    worker: string,
  ): { readonly holds: boolean; readonly offer: Offer | 'looking' | null } | null;
}

/** HAProxy that ends the session, or does not take the lesson, is given so many more. */
const mostFailures = 3;
/** It may have been told by a peer meanwhile that there is nothing, and then it never asks: the next look tells. */
const mostUnasked = 15;
const passing: ReadonlySet<Played['kind']> = new Set(['refused', 'closed', 'silent']);

/** Restores the newest snapshot into a HAProxy that has nobody to learn from, once for each that is started. */
export function createRestoring(options: RestoringOptions): Restoring {
  const { self, log, now, on } = options;
  const skip = new Set<string>();
  let worker: string | null = null;
  let sinceMs = now();
  let offer: Found | 'looking' | null = 'looking';
  let settled: { readonly holds: boolean } | null = null;
  let waits: string | null = 'HAProxy does not answer';
  let failures = 0;
  let unasked = 0;
  /** A worker was begun with: what follows it took over a part. */
  let begun = false;

  async function find(): Promise<void> {
    offer = 'looking';
    const { found, refused } = await options.find(skip).catch((error: unknown) => {
      on.failed(errorMessage(error));
      log.warn({ err: error }, 'the snapshots cannot be read');
      return { found: null, refused: [] };
    });
    for (const each of refused) {
      if (skip.has(each.path)) continue;
      skip.add(each.path);
      log.warn({ ...each }, 'a snapshot was refused');
      on.refused(each);
    }
    offer = found;
  }

  function begin(next: string): void {
    worker = next;
    settled = null;
    sinceMs = now();
    failures = 0;
    unasked = 0;
    waits = 'it is not decided yet whether a snapshot is restored';
    void find();
  }

  function settle(holds: boolean): void {
    settled = { holds };
    waits = null;
    begun = false;
    offer = null;
  }

  async function tell(found: Found): Promise<void> {
    const { note } = ageOf(found.header.takenAtMs, options.wallNow());
    if (note !== null) log.warn({ path: found.path }, note);
    for (const { table, why } of tablesLeftOut(found.header.tables, await options.tables()))
      log.warn({ path: found.path, table, why }, 'the entries of this table are not restored');
  }

  async function restore(found: Found, learns: boolean, signal: AbortSignal): Promise<void> {
    const beganMs = now();
    begun = true;
    const played = await options.play(found, learns, signal);
    if (signal.aborted) return;
    const { path } = found;
    if (played.kind === 'played') {
      const ms = now() - beganMs;
      const { entries, expired } = played;
      await tell(found);
      log.info({ path, entries, expired, ms: Math.round(ms) }, 'snapshot restored');
      on.restored(found, entries, expired, ms);
      return settle(true);
    }
    waits = `the snapshot is not restored yet: ${played.why}`;
    if (played.kind === 'not-asked') unasked += 1;
    else if (passing.has(played.kind)) failures += 1;
    if (played.kind === 'not-asked' || passing.has(played.kind)) {
      log.info({ path, why: played.why }, 'the snapshot was not taken by HAProxy');
      if (failures < mostFailures && unasked < mostUnasked) return;
      on.failed(played.why);
      log.warn({ path, why: played.why }, 'no snapshot is restored');
      return settle(false);
    }
    log.warn({ path, why: played.why }, 'a snapshot could not be played');
    on.failed(played.why);
    skip.add(path);
    await find();
  }

  function decide({ firstWorker, ready, synced, others }: Look): Restore {
    return restoreDecision({
      ...{ self, synced, others, hasTables: ready },
      firstWorker: firstWorker === false && begun ? true : firstWorker,
      offer: offer === 'looking' || offer === null ? offer : offerOf(offer),
      isLate: now() - sinceMs >= options.limitMs,
    });
  }

  return {
    async look(look, signal) {
      if (look.worker === null) return false;
      if (look.worker !== worker) begin(look.worker);
      if (settled !== null) return false;
      const decided = decide(look);
      if (decided.kind === 'restore' && offer !== null && offer !== 'looking') {
        await restore(offer, look.learns, signal);
        return true;
      }
      if (decided.kind === 'wait') waits = `the snapshot is not restored yet: ${decided.why}`;
      if (decided.kind !== 'no') return false;
      waits = null;
      // Who holds them may be gone before HAProxy has learned.
      if (decided.from === 'other' && look.learns) return false;
      log.info({ why: decided.why }, 'no snapshot is restored');
      settle(decided.from !== null);
      return false;
    },
    waits: () => waits,
    shown: (which) =>
      which !== worker
        ? null
        : {
            holds: settled?.holds === true,
            offer: offer === 'looking' || offer === null ? offer : offerOf(offer),
          },
  };
}

function offerOf({ header }: Found): Offer {
  return { takenAtMs: header.takenAtMs };
}
