import { dirname, join } from 'node:path';
import type { Applier } from '../apply/applier.ts';
import { createDirectApplier } from '../apply/direct.ts';
import { monotonicNow, sleep } from '../clock.ts';
import type { Module } from '../engine/module.ts';
import { readText } from '../files/files.ts';
import { createStateFile } from '../files/state-file.ts';
import { factsOf } from '../modules/backends/file/facts.ts';
import { createInventory, inventorySchema } from '../modules/backends/file/inventory.ts';
import { createPersist } from '../modules/backends/file/persist.ts';
import { createServersFile } from '../modules/backends/file/servers-file.ts';
import { watchFile } from '../modules/backends/file/watch-file.ts';
import { paramsOf } from '../modules/backends/options/parse.ts';
import type { WantedBackend } from '../modules/backends/server.ts';
import { type Backends, backendsFor } from '../modules/backends/sync/sync.ts';
import { haproxyEnv } from '../modules/peers/haproxy-env.ts';
import type { Started } from './start.ts';

/** So long haproxy.cfg may be behind the worker before it is a trouble. */
const behindMs = 10_000;

/**
 * What `--backend` asks for, in both modes; null without it. `poke`: a pass of the sidecar is due, for readiness or haproxy.cfg. The module
 * writes haproxy.cfg where it is one of an engine; in relay mode there is none, and `runFile` does.
 */
export async function runBackends(started: Started, poke: () => void): Promise<Backends | null> {
  const { config, env, metrics, events, log, wasReady } = started;
  if (config.backend.length === 0) return null;
  const { haproxyConfig } = config;
  const params = paramsOf(config.serverParams ?? '');
  const variables = haproxyEnv(config, env);
  let wanted: readonly WantedBackend[] | null = null;
  const path = join(dirname(haproxyConfig), 'haproxy-peer-sync.servers.json');
  const file = createServersFile({
    ...{ wanted: () => wanted, params, env: variables, now: monotonicNow },
    inventory: await createInventory(createStateFile(path, inventorySchema), log),
  });
  const { outdated, watch } = watchFile(haproxyConfig);
  const backends = backendsFor({
    ...{ config, metrics, events, log, onStanding: poke, now: monotonicNow },
    wasReady: wasReady !== null,
    async facts(backend, version) {
      const text = await readText(haproxyConfig).catch(() => '');
      return factsOf(text, backend, { env: variables, params, version });
    },
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

/** Keeps haproxy.cfg in step with the worker in relay mode, where nothing is reloaded, until `signal` aborts. */
export function createBackendsFile({ config, log }: Started, module: Module) {
  const { haproxyConfig: configFile, masterSocket, haproxyBin } = config;
  const applier: Applier = createDirectApplier({ configFile, masterSocket, haproxyBin, log });
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
      await pause(nextAtMs, signal);
    }
  }

  function poke(): void {
    isDue = true;
    wake();
  }
  return {
    poke,
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
