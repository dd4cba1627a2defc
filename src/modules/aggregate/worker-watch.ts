import { sleep } from '../../clock.ts';
import { sameWorker } from '../../engine/ready-marker.ts';
import type { Running, Worker } from '../../model/worker.ts';

export interface WorkerWatch {
  /** Who answers on the admin socket. Never throws. */
  readonly running: (signal: AbortSignal) => Promise<Running>;
  /** It is another one than before. */
  readonly changed: () => void;
}

/** One look costs HAProxy 1.4 ms of a busy core. */
const lookMs = 1000;

/**
 * Looks until `signal` aborts whether another worker runs. From HAProxy 3.0 on an old worker ends its sessions in one of its peers sections
 * only (`dont_stop` in src/peers.c is one for all), so the sidecar would go on hearing it.
 */
export async function watchWorker(
  { running, changed }: WorkerWatch,
  signal: AbortSignal,
): Promise<void> {
  let known: Worker | null = null;
  while (!signal.aborted) {
    const seen = await running(signal);
    if (seen.kind === 'worker' && !signal.aborted) {
      if (known !== null && !sameWorker(known, seen.worker)) changed();
      known = seen.worker;
    }
    await sleep(lookMs, signal).catch(() => undefined);
  }
}
