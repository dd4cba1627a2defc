import { monotonicNow, sleep } from '../../../clock.ts';
import { errorMessage } from '../../../errors.ts';
import type { Log } from '../../../log.ts';
import { backoffMs } from '../../../model/backoff.ts';
import { type Version, versionOf } from '../../../model/program-version.ts';
import type { WantedServer } from '../server.ts';
import type { BackendFacts, Keeper, Kept } from './keeper.ts';

export interface LoopBackend {
  readonly name: string;
  readonly keeper: Keeper;
  /** Null: not known, so that everything stays as it is. */
  readonly wanted: () => readonly WantedServer[] | null;
}

export interface LoopOptions {
  readonly backends: readonly LoopBackend[];
  /** `show info`; rejects where HAProxy does not answer. */
  readonly info: (signal: AbortSignal) => Promise<string>;
  /** What haproxy.cfg says of a backend now. Called when another worker runs, when everything is compared, and at each change for as long as it refuses. */
  readonly facts: (backend: string, version: Version) => Promise<BackendFacts>;
  /** A backend was brought in step; `sinceMs`: when it was first known to differ, null where nothing said so. */
  readonly onKept: (backend: string, kept: Kept, sinceMs: number | null) => void;
  /** Everything is compared this often. */
  readonly compareMs: number;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

export interface Loop {
  /** What is wanted of this backend may be another. */
  poke(backend: string): void;
  run(signal: AbortSignal): Promise<void>;
  /** Why HAProxy cannot be asked; null: it can. */
  trouble(): string | null;
}

/** How soon it is noticed that another worker runs, whoever has reloaded it. */
const lookMs = 1000;
const pace = { baseMs: 100, capMs: 2000 };

/** Brings backends in step whenever something is wanted of them, another worker runs, or time has passed. Never rejects. */
export function createLoop(options: LoopOptions): Loop {
  const { backends, info, onKept, log, now = monotonicNow } = options;
  /** Since when it is known that they differ, or may; `null`: nothing said so, and it is only compared. */
  const due = new Map<string, number | null>();
  const wakeAt = new Map<string, number>();
  const facts = new Map<string, BackendFacts>();
  let wake = () => {};
  let pid: string | undefined;
  let compareAtMs = 0;
  let failures = 0;
  let trouble: string | null = null;

  async function lookAtWorker(signal: AbortSignal): Promise<Version> {
    const text = await info(signal);
    const running = /^Pid: (\d+)/m.exec(text)?.[1];
    const version = versionOf(/^Version: (.*)/m.exec(text)?.[1] ?? '');
    if (running === undefined || version === null)
      throw new Error('the answer to "show info" is none');
    if (running !== pid || now() >= compareAtMs) {
      if (pid !== undefined && running !== pid)
        log.info({ pid: Number(running) }, 'another worker runs: its servers are compared');
      pid = running;
      compareAtMs = now() + options.compareMs;
      facts.clear();
      for (const { name } of backends) if (!due.has(name)) due.set(name, null);
    }
    return version;
  }

  async function keep(
    { name, keeper, wanted }: LoopBackend,
    version: Version,
    signal: AbortSignal,
  ) {
    const servers = wanted();
    const sinceMs = due.get(name) ?? null;
    due.delete(name);
    wakeAt.delete(name);
    if (servers === null) return;
    try {
      const known = facts.get(name) ?? (await options.facts(name, version));
      // What it refuses for may be mended before the next comparison.
      if (known.refuses === null) facts.set(name, known);
      const kept = await keeper.pass(servers, known, version, signal);
      if (kept.wakeMs !== null) wakeAt.set(name, now() + kept.wakeMs);
      onKept(name, kept, sinceMs);
    } catch (error) {
      // It differs as long as it is not known to be in step.
      due.set(name, sinceMs ?? due.get(name) ?? null);
      throw error;
    }
  }

  /** One round. Rejects where HAProxy does not answer; what was not done stays due. */
  async function pass(signal: AbortSignal): Promise<void> {
    const version = await lookAtWorker(signal);
    for (const [name, atMs] of wakeAt) if (now() >= atMs && !due.has(name)) due.set(name, null);
    for (const backend of backends) if (due.has(backend.name)) await keep(backend, version, signal);
  }

  function untilNextMs(): number {
    if (due.size > 0) return 0;
    return Math.max(0, Math.min(now() + lookMs, ...wakeAt.values()) - now());
  }

  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    const controller = new AbortController();
    const stop = () => controller.abort();
    wake = stop;
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    await sleep(ms, controller.signal).catch(() => undefined);
    signal.removeEventListener('abort', stop);
    wake = () => {};
  }

  return {
    poke(backend) {
      if (typeof due.get(backend) !== 'number') due.set(backend, now());
      // While HAProxy does not answer, its own pace counts.
      if (failures === 0) wake();
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          await pass(signal);
          if (trouble !== null) log.info('backends are kept in step again');
          failures = 0;
          trouble = null;
        } catch (error) {
          if (signal.aborted) return;
          failures += 1;
          if (trouble === null)
            log.warn({ reason: errorMessage(error) }, 'backends cannot be kept in step at present');
          trouble = errorMessage(error);
        }
        const ms = failures > 0 ? backoffMs(failures, pace) : untilNextMs();
        if (ms > 0) await pause(ms, signal);
      }
    },
    trouble: () => trouble,
  };
}
