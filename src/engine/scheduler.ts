import { startTimer } from '../clock.ts';

/** The result of one pass: when to run again without a poke, in milliseconds of the scheduler's clock. */
export interface PassResult {
  readonly nextAtMs: number;
}

export interface SchedulerOptions {
  /**
   * One pass. `full`: compare everything, not only what is known to differ. Must not throw; if it does, `onError` is
   * called.
   */
  readonly pass: (full: boolean) => Promise<PassResult>;
  readonly reconcileIntervalMs: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export interface Scheduler {
  /** Signals that something may have changed. Pokes during a pass cause one more pass. */
  poke(): void;
  /** Runs passes until `signal` aborts; resolves when the last one has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** When the last pass ended; null before the first. */
  lastPassAtMs(): number | null;
  /** How long a pass has been running, or is overdue, in milliseconds: 0 during a pause, however long. */
  overdueMs(): number;
}

/** Runs one module's passes one after another: on a poke, at the time a pass asked for, and every reconcile interval. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { now } = options;
  let poked = true;
  let wake: () => void = () => {};
  let lastPassAtMs: number | null = null;
  let nextFullAtMs = Number.NEGATIVE_INFINITY;
  /** When the current pass began, or the next one is due. */
  let passAtMs = now();

  function sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let stopTimer = arm();
      /** Some intervals are too long for a timer, and a timer may fire a fraction of a millisecond early. */
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
