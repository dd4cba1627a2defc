import { sleep } from '../../clock.ts';

/** The worker before may still answer for so long after its last session has ended, in milliseconds. */
const unsettledMs = 10_000;
/** For so long after a session has ended it is to be known soon whether HAProxy has: kubelet starts it anew within a second or two. */
const suddenMs = 3000;
const soonMs = 250;
/** Where no session would tell. One look costs 1.4 ms of a busy core. */
const slowMs = 1000;

export interface LookNeeded {
  /** A session has begun or ended perhaps. */
  changed(): void;
  /** After a look: resolves when the next one is due, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void>;
}

/** How long until the next look, `sinceMs` after a session has begun or ended, in milliseconds. Infinity: until the next one does. */
export function nextLookMs(paired: boolean, sinceMs: number): number {
  if (sinceMs < suddenMs) return soonMs;
  return paired && sinceMs >= unsettledMs ? Number.POSITIVE_INFINITY : slowMs;
}

/**
 * When HAProxy is to be asked who runs. Its sessions end with its worker, so as long as there is one it is not asked: to ask costs as
 * much as several seconds of pings. `paired`: with whom there is a session. `now`: milliseconds, monotonic.
 */
export function createLookNeeded(paired: () => readonly string[], now: () => number): LookNeeded {
  let changedAtMs = now();
  let before = paired().join(' ');
  let wake = () => {};
  return {
    changed() {
      const all = paired().join(' ');
      if (all === before) return;
      before = all;
      changedAtMs = now();
      wake();
    },
    async next(signal) {
      // What happens during this time does not count, so that many sessions that end together are one look.
      await pause(soonMs, signal);
      const ms = nextLookMs(paired().length > 0, now() - changedAtMs) - soonMs;
      if (ms <= 0 || signal.aborted) return;
      const changed = new AbortController();
      wake = () => changed.abort();
      await pause(ms, AbortSignal.any([signal, changed.signal]));
      wake = () => {};
    },
  };
}

/** Infinity: until the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (Number.isFinite(ms)) return await sleep(ms, signal).catch(() => undefined);
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
