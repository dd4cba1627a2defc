import type { Applier } from '../apply/applier.ts';
import type { Configuration, Edit } from '../apply/edit.ts';
import { AppError, errorMessage, RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../model/backoff.ts';
import type { ModuleRequest } from './module.ts';
import type { Requests } from './requests.ts';

/** Writes within this time, in milliseconds, are combined. */
const apartMs = 1000;
const retryMostMs = 30_000;
const never = Number.POSITIVE_INFINITY;

export interface PersistLane {
  /** When a write is due, in milliseconds of `now`; infinite: none is. */
  dueAtMs(requests: readonly ModuleRequest[]): number;
  /**
   * True: haproxy.cfg has changed. Only throws for an abort: the worker already has the change, and the next pass
   * tries again.
   */
  write(
    base: Configuration,
    requests: readonly ModuleRequest[],
    signal: AbortSignal,
  ): Promise<boolean>;
}

/**
 * Writes what the worker already has and the file does not. This needs no reload and no gate: the next reload loads
 * it.
 */
export function createPersistLane(options: {
  readonly applier: Pick<Applier, 'persist'>;
  /** Edits that are refused are left out, so that the others are written. */
  readonly requests: Pick<Requests, 'hold' | 'release'>;
  readonly now: () => number;
  readonly log: Log;
}): PersistLane {
  const { applier, requests: asks, now, log } = options;
  let nextAtMs = 0;
  let failures = 0;
  let said = '';

  return {
    dueAtMs: (requests) => (editsOf(requests).length === 0 ? never : nextAtMs),
    async write(base, requests, signal) {
      try {
        const { version, held = [] } = await applier.persist(base, editsOf(requests), signal);
        nextAtMs = now() + apartMs;
        failures = 0;
        const owners = requests.map(({ module }) => module);
        log.info({ modules: owners, version }, 'written without a reload: HAProxy already has it');
        asks.hold(held);
        asks.release(owners.filter((name) => held.every(({ owner }) => owner !== name)));
        said = '';
        return true;
      } catch (error) {
        if (signal.aborted) throw error;
        const isRefused = error instanceof RemoteError && !error.retryable;
        if (isRefused) {
          const shared = requests.length > 1;
          asks.hold(requests.map(({ module }) => ({ owner: module, error, shared })));
        }
        failures = isRefused ? 0 : failures + 1;
        nextAtMs =
          now() + backoffMs(Math.max(1, failures), { baseMs: apartMs, capMs: retryMostMs });
        const message = errorMessage(error);
        if (message === said) return false;
        said = message;
        const code = error instanceof AppError ? error.code : 'BUG';
        log.error(
          { code, reason: message },
          'not written: HAProxy would lose it at its next reload',
        );
        return false;
      }
    },
  };
}

function editsOf(requests: readonly ModuleRequest[]): readonly Edit[] {
  return requests.flatMap(({ edits }) => edits);
}
