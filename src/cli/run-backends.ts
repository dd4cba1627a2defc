import { monotonicNow } from '../clock.ts';
import { paramsOf } from '../modules/backends/options/parse.ts';
import { type Backends, backendsFor } from '../modules/backends/sync/sync.ts';
import type { Started } from './start.ts';

/** What `--backend` asks for, in both modes; null without it. `onStanding`: this replica may be ready now. */
export function runBackends(started: Started, onStanding: () => void): Backends | null {
  const { config, metrics, events, log, wasReady } = started;
  const params = paramsOf(config.serverParams ?? '');
  return backendsFor({
    ...{ config, metrics, events, log, onStanding, now: monotonicNow },
    wasReady: wasReady !== null,
    facts: async () => ({ params, balance: null }),
  });
}
