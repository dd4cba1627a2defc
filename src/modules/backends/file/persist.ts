import type { Applier } from '../../../apply/applier.ts';
import type { Configuration } from '../../../apply/edit.ts';
import type { Module } from '../../../engine/module.ts';
import { createPersistLane } from '../../../engine/persist.ts';
import { createRequests } from '../../../engine/requests.ts';
import { AppError, errorMessage } from '../../../errors.ts';
import type { Log } from '../../../log.ts';
import { backoffMs } from '../../../model/backoff.ts';

export interface PersistOptions {
  readonly applier: Pick<Applier, 'read' | 'persist'>;
  readonly module: Module;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** Pauses after a file that cannot be read, in milliseconds. */
const retry = { baseMs: 1000, capMs: 30_000 };

/** Writes haproxy.cfg where nothing is ever reloaded by us: in relay mode, and beside no peers section. */
export interface Persist {
  /**
   * One look: writes what the worker has and the file has not, at most once a second. `full`: reads the file whatever is known of it.
   * Resolves to when to look again, in milliseconds of `now`; infinite: when something changes. Only throws for an abort.
   */
  look(full: boolean, signal: AbortSignal): Promise<number>;
}

export function createPersist({ applier, module, log, now }: PersistOptions): Persist {
  const requests = createRequests([module], now, log);
  const lane = createPersistLane({ applier, requests, now, log });
  let configuration: Configuration | null = null;
  let failures = 0;
  let said = '';

  async function once(full: boolean, signal: AbortSignal): Promise<number> {
    if (full || configuration === null || module.outdated?.() === true)
      configuration = await applier.read(signal);
    const needs = { missed: null, leaving: false, unknown: [] };
    const { written } = requests.ask(configuration, needs);
    const dueMs = lane.dueAtMs(written);
    if (now() < dueMs) return Math.min(dueMs, requests.nextAtMs());
    if (await lane.write(configuration, written, signal)) configuration = null;
    return Math.min(lane.dueAtMs(written), requests.nextAtMs());
  }

  return {
    async look(full, signal) {
      try {
        const nextAtMs = await once(full, signal);
        failures = 0;
        said = '';
        return nextAtMs;
      } catch (error) {
        if (signal.aborted) throw error;
        configuration = null;
        failures += 1;
        const reason = errorMessage(error);
        const code = error instanceof AppError ? error.code : 'BUG';
        if (reason !== said) log.error({ code, reason }, 'haproxy.cfg cannot be read');
        said = reason;
        return now() + backoffMs(failures, retry);
      }
    },
  };
}
