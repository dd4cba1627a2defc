import { startTimer } from '../clock.ts';

/** What one pass found out: when to look again although nobody pokes. Milliseconds of the scheduler's clock. */
export interface PassResult {
  readonly nextAtMs: number;
}

export interface SchedulerOptions {
  /** One pass. `full`: everything is to be compared, not only what is known to differ. Must not throw; if it does, `onError` is told. */
  readonly pass: (full: boolean) => Promise<PassResult>;
  readonly reconcileIntervalMs: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export interface Scheduler {
  /** Something may have changed. Pokes during a pass collapse into one further pass. */
  poke(): void;
  /** Runs passes until `signal` aborts; resolves when the last one has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** When the last pass ended; null before the first. */
  lastPassAtMs(): number | null;
  /** For how many milliseconds a pass has been running, or should have: 0 while it sleeps, however long. */
  overdueMs(): number;
}

/** Runs one module's passes one after another: on a poke, at the time a pass asked for, and every reconcile interval. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { now } = options;
  let poked = true;
  let wake: () => void = () => {};
  let lastPassAtMs: number | null = null;
  let nextFullAtMs = Number.NEGATIVE_INFINITY;
  /** When the pass that runs has begun, or the next one is to begin. */
  let passAtMs = now();

  function sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let stopTimer = arm();
      /** A timer cannot be as long as some intervals, and may fire a fraction of a millisecond early. */
      function arm(): () => void {
        return startTimer(
          () => {
            if (now() < atMs) stopTimer = arm();
            else finish();
          },
          Math.max(0, atMs - now()),
        );
      }
      function finish(): void {
        stopTimer();
        signal.removeEventListener('abort', finish);
        wake = () => {};
        resolve();
      }
      signal.addEventListener('abort', finish, { once: true });
      wake = finish;
      if (signal.aborted || poked) finish();
    });
  }

  async function onePass(): Promise<number> {
    passAtMs = now();
    const full = passAtMs >= nextFullAtMs;
    if (full) nextFullAtMs = passAtMs + options.reconcileIntervalMs;
    try {
      const { nextAtMs } = await options.pass(full);
      return Math.min(nextAtMs, nextFullAtMs);
    } catch (error) {
      options.onError(error);
      return Math.min(now() + 1000, nextFullAtMs);
    } finally {
      lastPassAtMs = now();
    }
  }

  return {
    poke() {
      poked = true;
      wake();
    },
    async run(signal) {
      while (!signal.aborted) {
        poked = false;
        passAtMs = await onePass();
        await sleepUntil(passAtMs, signal);
      }
    },
    lastPassAtMs: () => lastPassAtMs,
    overdueMs: () => Math.max(0, now() - passAtMs),
  };
}
