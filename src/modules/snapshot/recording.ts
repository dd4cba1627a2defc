import { sleep, startTimer } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { snapshotDue } from '../../snapshot/decide/due.ts';
import { type Candidate, takesSnapshots } from '../../snapshot/decide/taker.ts';
import type { Taken } from './take.ts';

/** What decides whether this replica takes one. */
export interface Standing {
  readonly ready: boolean;
  /** This pod is being deleted. */
  readonly leaving: boolean;
  readonly others: readonly Candidate[];
}

export interface RecordingOptions {
  readonly self: string;
  readonly intervalMs: number;
  readonly standing: () => Standing;
  readonly take: (signal: AbortSignal) => Promise<Taken>;
  readonly on: (taken: Taken) => void;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface Recording {
  /** Takes snapshots until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** A last one, where this replica takes them; given up after `limitMs`. Never rejects. */
  last(limitMs: number): Promise<void>;
  /** This replica is the one that takes them. */
  records(): boolean;
}

/** For the last snapshot after SIGTERM: the pod has more to do in its grace period, 30 s as a rule. */
export const lastSnapshotMs = 5000;
/** How often is looked whether one is due, in milliseconds. */
const lookMs = 500;
/** For what is begun to be removed again. */
const endingMs = 500;
/** A volume that is slower than this has never a whole file. */
const longestMs = 5 * 60 * 1000;

/** Takes a snapshot every `intervalMs` for as long as this replica is the one that does. */
export function createRecording(options: RecordingOptions): Recording {
  const { self, intervalMs, standing, log, now } = options;
  let lastBegunMs: number | null = null;
  let wasLast = false;
  let failing: string | null = null;
  let notRemoved: string | undefined;
  let running: Promise<void> = Promise.resolve();

  function tell(taken: Taken): void {
    options.on(taken);
    if (taken.kind === 'failed') {
      if (taken.why !== failing)
        log.warn({ code: 'SNAPSHOT_FAILED', why: taken.why }, 'no snapshot was taken');
      failing = taken.why;
      return;
    }
    if (failing !== null) log.info('snapshots can be taken again');
    failing = null;
    if (taken.kind !== 'taken') {
      log.debug('no snapshot was taken: the tables are empty');
      return;
    }
    if (taken.notRemoved !== undefined && taken.notRemoved !== notRemoved)
      log.warn({ why: taken.notRemoved }, 'old snapshots could not be removed');
    notRemoved = taken.notRemoved;
    const { path, entries, bytes, ms } = taken;
    log.debug({ path, entries, bytes, ms: Math.round(ms) }, 'snapshot taken');
  }

  async function limited(signal: AbortSignal, limitMs: number): Promise<Taken> {
    const ended = new AbortController();
    const stopTimer = startTimer(() => ended.abort(), limitMs);
    try {
      return await options.take(AbortSignal.any([signal, ended.signal]));
    } finally {
      stopTimer();
    }
  }

  /** False: it is not over by then. */
  function within(what: Promise<unknown>, limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const stopTimer = startTimer(() => resolve(false), limitMs);
      void what.then(() => {
        stopTimer();
        resolve(true);
      });
    });
  }

  /** Resolves when it is over, or soon after the signal. */
  function over(what: Promise<unknown>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let stopTimer = () => {};
      function done(): void {
        stopTimer();
        signal.removeEventListener('abort', aborted);
        resolve();
      }
      function aborted(): void {
        stopTimer = startTimer(done, endingMs);
      }
      signal.addEventListener('abort', aborted, { once: true });
      void what.then(done);
    });
  }

  function isDue(last: boolean): boolean {
    const { ready, others } = standing();
    const isTaker = takesSnapshots(self, others);
    return snapshotDue({ ready, isTaker, isLast: last, lastBegunMs, intervalMs }, now()).take;
  }

  async function look(signal: AbortSignal): Promise<void> {
    const isLast = standing().leaving && !wasLast;
    if (!isDue(isLast)) return;
    wasLast ||= isLast;
    const before = lastBegunMs;
    lastBegunMs = now();
    const taken = await limited(signal, longestMs);
    // Who is stopped has not failed.
    if (signal.aborted) return;
    // Nor is it a failure that HAProxy was reloaded in the middle, and the next worker is asked as soon as it has the tables.
    if (taken.kind === 'failed' && !standing().ready) {
      lastBegunMs = before;
      log.info({ why: taken.why }, 'a snapshot was given up: another worker of HAProxy follows');
      return;
    }
    tell(taken);
  }

  return {
    records() {
      const { ready, others } = standing();
      return ready && takesSnapshots(self, others);
    },
    async run(signal) {
      while (!signal.aborted) {
        running = look(signal);
        await over(running, signal);
        await sleep(lookMs, signal).catch(() => {});
      }
    },
    async last(limitMs) {
      // A write that has begun cannot be broken off, and the program is to end in time.
      if (!(await within(running, limitMs)) || !isDue(true)) return;
      const taking = limited(new AbortController().signal, limitMs);
      if (!(await within(taking, limitMs + endingMs)))
        return log.info({ limitMs }, 'the volume is too slow for a last snapshot');
      const taken = await taking;
      // HAProxy has ended before this program as a rule, which is no failure.
      if (taken.kind === 'failed') log.info({ why: taken.why }, 'no last snapshot was taken');
      else tell(taken);
    },
  };
}
