import type { Observed } from '../model/observed.ts';
import type { Running, Worker } from '../model/worker.ts';

/** What happens to the readiness that was reached with a worker. */
export type Latched =
  /** Still ready: the same worker, or one that has taken over its tables. */
  | { readonly kind: 'kept'; readonly worker: Worker }
  /** Nothing new is known, so nothing changes. */
  | { readonly kind: 'unknown' }
  /** No HAProxy runs: not ready until one does. */
  | { readonly kind: 'away' }
  /** Another worker runs, which has taken over nothing from the one that was ready. */
  | { readonly kind: 'lost' };

/** HAProxy rounds its start time down, and 2.6 does so again for each worker. */
const roundingSeconds = 1;

export function sameWorker(left: Worker, right: Worker): boolean {
  const apart = Math.abs(left.startedAtSeconds - right.startedAtSeconds);
  return left.pid === right.pid && apart <= roundingSeconds;
}

/**
 * Readiness belongs to tables, and tables belong to a worker. A reload by any program hands them over, and the next
 * worker is ready, too. A restarted HAProxy has none. `latched` is null while it is not known which worker was ready.
 */
export function hold(latched: Worker | null, running: Running): Latched {
  if (running.kind === 'gone') return { kind: 'away' };
  if (running.kind === 'silent') return { kind: 'unknown' };
  const { worker, handedOver } = running;
  if (latched === null || sameWorker(latched, worker)) return { kind: 'kept', worker };
  if (handedOver === true) return { kind: 'kept', worker };
  // A worker that is still taking over serves beside the old one.
  return { kind: handedOver === false ? 'lost' : 'unknown' };
}

/** A moment of one machine, in milliseconds by two clocks. */
export interface Moment {
  readonly boot: string;
  readonly sinceBootMs: number;
  readonly dateMs: number;
}

/** HAProxy's master, and when it said how long it had been running. */
export interface Master {
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly at: Moment;
}

/** A worker that was ready, and its master where that had answered. */
export interface Remembered {
  readonly worker: Worker;
  readonly master: Master | null;
}

/** HAProxy prints its uptime in whole seconds. */
const uptimeToleranceMs = 2000;

/**
 * Whether it has been running all the time. Process numbers start again with each container. HAProxy measures its
 * uptime with the wall clock (2.8 and later, `src/mworker.c`) or with a monotonic clock, so after a clock was set the
 * two may differ.
 */
export function sameMaster(before: Master | null, now: Master | null): boolean {
  if (before === null || now === null) return false;
  if (before.pid !== now.pid || before.at.boot !== now.at.boot) return false;
  const grown = (now.uptimeSeconds - before.uptimeSeconds) * 1000;
  return [now.at.sinceBootMs - before.at.sinceBootMs, now.at.dateMs - before.at.dateMs].some(
    (passed) => Math.abs(grown - passed) <= uptimeToleranceMs,
  );
}

/** The worker that an earlier readiness belongs to now, as used by `hold`; null if this is not known. */
export function resume(kept: Remembered, running: Running, master: Master | null): Worker | null {
  const sameNow = running.kind === 'worker' && sameWorker(kept.worker, running.worker);
  if (sameNow) return running.worker;
  // It was reloaded while no sidecar ran, by a master that may have been restarted before.
  if (!sameMaster(kept.master, master)) return null;
  if (running.kind !== 'worker' || running.handedOver === undefined) return kept.worker;
  return running.handedOver ? running.worker : null;
}

/** The result of a pass, in the form of a check. */
export function runningOf(observed: Observed): Running {
  if (observed.kind === 'down' || !observed.worker) return { kind: 'silent' };
  return { kind: 'worker', worker: observed.worker, handedOver: observed.state?.handedOver };
}
