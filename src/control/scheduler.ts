/** What one pass found out: when to look again although nobody pokes. Milliseconds since the epoch. */
export interface PassResult {
  readonly nextAtMs: number;
}

export interface SchedulerOptions {
  /** One pass. `resync` is true when the full comparison is due. Must not throw; if it does, `onError` is told. */
  readonly pass: (resync: boolean) => Promise<PassResult>;
  readonly resyncIntervalMs: number;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export interface Scheduler {
  /** Something may have changed. Pokes during a pass collapse into one further pass. */
  poke(): void;
  /** Runs passes until `signal` aborts; resolves when the last one has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** When the last pass ended, milliseconds since the epoch; null before the first. */
  lastPassAtMs(): number | null;
}

/** Runs one module's passes one after another: on a poke, at the time a pass asked for, and every resync interval. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  let poked = true;
  let wake: () => void = () => {};
  let lastPassAtMs: number | null = null;
  let nextResyncAtMs = 0;

  function sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(finish, Math.max(0, atMs - options.now()));
      function finish(): void {
        clearTimeout(timer);
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
    const resync = options.now() >= nextResyncAtMs;
    if (resync) nextResyncAtMs = options.now() + options.resyncIntervalMs;
    try {
      const { nextAtMs } = await options.pass(resync);
      return Math.min(nextAtMs, nextResyncAtMs);
    } catch (error) {
      options.onError(error);
      return Math.min(options.now() + 1000, nextResyncAtMs);
    } finally {
      lastPassAtMs = options.now();
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
        const nextAtMs = await onePass();
        await sleepUntil(nextAtMs, signal);
      }
    },
    lastPassAtMs: () => lastPassAtMs,
  };
}
