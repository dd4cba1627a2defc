import { sleep } from '../clock.ts';
import { command } from '../haproxy/socket.ts';
import { parseWorker } from '../haproxy/worker.ts';
import type { Observed } from '../model/observed.ts';
import type { Running } from '../model/worker.ts';
import { runningOf, sameWorker } from './ready-marker.ts';

export interface WorkerWatchOptions {
  readonly adminSocket: string;
  /** HAProxy's full state, which is read when another worker runs than before. */
  readonly observe: (signal: AbortSignal) => Promise<Observed>;
  readonly onLook: (running: Running) => void;
  /** After a look: resolves when the next one is due, or the signal aborts. Missing: every second. */
  readonly next?: (signal: AbortSignal) => Promise<void>;
}

/** Time between two checks, in milliseconds. One check costs 1.4 ms of a busy core. */
const lookMs = 1000;

/** A socket that is being replaced may refuse for a moment. */
const againMs = 100;

const nobodyListens: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT']);

function isRefusal(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && nobodyListens.has(cause.code);
}

/** The worker that answers on the admin socket now, by one small command. Never throws. */
export async function lookAtWorker(adminSocket: string, signal: AbortSignal): Promise<Running> {
  const ask = async (): Promise<Running> => {
    try {
      const info = await command(adminSocket, 'show info', { timeoutMs: 3000, signal });
      const worker = parseWorker(info);
      return worker === null ? { kind: 'silent' } : { kind: 'worker', worker };
    } catch (error) {
      return { kind: isRefusal(error) ? 'gone' : 'silent' };
    }
  };
  const first = await ask();
  if (first.kind !== 'gone') return first;
  await sleep(againMs, signal).catch(() => undefined);
  return ask();
}

type Known = Extract<Running, { kind: 'worker' }>;

/**
 * Checks repeatedly which worker runs until `signal` aborts, so that a replica without tables is not ready for long.
 */
export async function watchWorker(options: WorkerWatchOptions, signal: AbortSignal): Promise<void> {
  let known: Known | null = null;
  const next = options.next ?? ((stop: AbortSignal) => sleep(lookMs, stop).catch(() => undefined));
  while (!signal.aborted) {
    const seen = await lookAtWorker(options.adminSocket, signal);
    if (signal.aborted) return;
    if (seen.kind !== 'worker') {
      options.onLook(seen);
    } else if (known !== null && sameWorker(known.worker, seen.worker)) {
      options.onLook(known);
    } else {
      const running = runningOf(await options.observe(signal));
      if (signal.aborted) return;
      options.onLook(running);
      // Repeated until it has reported whether it took over the tables.
      if (running.kind === 'worker' && running.handedOver !== undefined) known = running;
    }
    await next(signal);
  }
}
