import { dirname, join } from 'node:path';
import type { Applier } from '../apply/applier.ts';
import { monotonicNow, sleep } from '../clock.ts';
import type { Config } from '../config/values.ts';
import type { Module } from '../engine/module.ts';
import { readText } from '../files/files.ts';
import { createStateFile } from '../files/state-file.ts';
import type { Log } from '../log.ts';
import { readFacts } from '../modules/backends/file/facts.ts';
import { createInventory, inventorySchema } from '../modules/backends/file/inventory.ts';
import { createPersist } from '../modules/backends/file/persist.ts';
import { createServersFile } from '../modules/backends/file/servers-file.ts';
import { watchFile } from '../modules/backends/file/watch-file.ts';
import { paramsOf } from '../modules/backends/options/parse.ts';
import type { WantedBackend } from '../modules/backends/server.ts';
import { type Backends, type BackendsOptions, backendsFor } from '../modules/backends/sync/sync.ts';
import { haproxyEnv } from '../modules/peers/haproxy-env.ts';

/** So long haproxy.cfg may be behind the worker before it is a trouble. */
const behindMs = 10_000;

/** What the backends of a process need, whatever else it does. */
export interface ForBackends
  extends Pick<BackendsOptions, 'config' | 'metrics' | 'events' | 'log'> {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What an earlier run of this program was ready with; null: it was not, or another HAProxy runs. */
  readonly wasReady: object | null;
}

/**
 * What `--backend` asks for, in both modes; null without it. `poke`: a pass of the sidecar is due, for readiness or haproxy.cfg. The module
 * writes haproxy.cfg where it is one of an engine; in relay mode there is none, and `runFile` does.
 */
export async function runBackends(
  { config, env, metrics, events, log, wasReady }: ForBackends,
  poke: () => void,
): Promise<Backends | null> {
  if (config.backend.length === 0) return null;
  const { haproxyConfig } = config;
  const params = paramsOf(config.serverParams ?? '');
  const variables = haproxyEnv(config, env);
  let wanted: readonly WantedBackend[] | null = null;
  const directory = config.stateDirectory ?? dirname(haproxyConfig);
  const path = join(directory, 'haproxy-peer-sync.servers.json');
  const file = createServersFile({
    ...{ wanted: () => wanted, params, env: variables, now: monotonicNow },
    inventory: await createInventory(createStateFile(path, inventorySchema), log),
  });
  const { outdated, watch } = watchFile(haproxyConfig);
  const backends = backendsFor({
    ...{ config, metrics, events, log, onStanding: poke, now: monotonicNow },
    wasReady: wasReady !== null,
    facts: (backend, version) =>
      readFacts(() => readText(haproxyConfig), backend, { env: variables, params, version }),
    onHas(has) {
      wanted = has;
      poke();
    },
  });
  if (backends === null) return null;

  function trouble(): string | null {
    const { behindSinceMs, problems } = file.state();
    const isBehind = behindSinceMs !== null && monotonicNow() - behindSinceMs > behindMs;
    const all = [
      backends?.module.trouble?.() ?? [],
      problems,
      isBehind ? 'haproxy.cfg lacks servers that HAProxy has: a reload would forget them' : [],
    ].flat();
    return all.length === 0 ? null : all.join('; ');
  }

  const module: Module = {
    ...backends.module,
    ...{ outdated, watch, trouble, runtime: () => file.note() },
    request: (configuration) => file.request(configuration),
  };
  return { ...backends, module };
}

export interface BackendsFileOptions {
  readonly config: Pick<Config, 'reconcileInterval'>;
  readonly applier: Pick<Applier, 'read' | 'persist'>;
  readonly module: Module;
  readonly log: Log;
  /** After each look at haproxy.cfg. */
  readonly onLooked?: () => void;
}

/** Keeps haproxy.cfg in step with the worker where nothing is reloaded: in relay mode, and beside no peers. */
export function createBackendsFile(options: BackendsFileOptions) {
  const { config, applier, module, log } = options;
  const persist = createPersist({ applier, module, log, now: monotonicNow });
  let wake = () => {};
  let isDue = true;

  async function pause(untilMs: number, signal: AbortSignal): Promise<void> {
    const controller = new AbortController();
    wake = () => controller.abort();
    signal.addEventListener('abort', wake, { once: true });
    if (isDue || signal.aborted) wake();
    const ms = Math.min(untilMs - monotonicNow(), config.reconcileInterval);
    await sleep(Math.max(ms, 0), controller.signal).catch(() => undefined);
    signal.removeEventListener('abort', wake);
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      isDue = false;
      await module.runtime?.(false, signal);
      const nextAtMs = await persist.look(false, signal);
      options.onLooked?.();
      await pause(nextAtMs, signal);
    }
  }

  function poke(): void {
    isDue = true;
    wake();
  }
  return {
    poke,
    /** Until `signal` aborts. */
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all([
        module.watch?.(poke, signal),
        follow(signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        }),
      ]);
    },
  };
}
