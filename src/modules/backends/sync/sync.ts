import type { Config } from '../../../config/values.ts';
import type { Module } from '../../../engine/module.ts';
import { askAll } from '../../../haproxy/ask-all.ts';
import { parseServersState } from '../../../haproxy/servers-state.ts';
import { command } from '../../../haproxy/socket.ts';
import type { Log } from '../../../log.ts';
import type { Recorder } from '../../../telemetry/event-recorder.ts';
import type { MetricsOf } from '../../../telemetry/metrics.ts';
import type { Status } from '../../../telemetry/status-schema.ts';
import type { Wanted } from '../endpoints/wanted.ts';
import type { backendsMetrics } from '../metrics.ts';
import { backendsOf } from '../options/parse.ts';
import { createKeeper, type Kept } from '../runtime/keeper.ts';
import { createLoop, type Loop, type LoopOptions } from '../runtime/loop.ts';
import type { WantedBackend, WantedServer } from '../server.ts';
import { createSources } from './sources.ts';
import { createStanding } from './standing.ts';

export interface BackendsOptions {
  readonly config: Config;
  readonly metrics: MetricsOf<typeof backendsMetrics>;
  readonly events: Recorder;
  readonly log: Log;
  /** What haproxy.cfg says of a backend. Never rejects. */
  readonly facts: LoopOptions['facts'];
  /** The worker has these servers now, and haproxy.cfg is to have the same: of all backends that are known. */
  readonly onHas: (backends: readonly WantedBackend[]) => void;
  /** This replica was ready before this program started, and stays so. */
  readonly wasReady: boolean;
  /** Its readiness may be another. */
  readonly onStanding: () => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface Backends {
  /** Its part in the passes of the sidecar: readiness and trouble. */
  readonly module: Module;
  readonly status: () => NonNullable<Status['backends']>;
  /** Until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** What `--backend` asks for; null without it, when nothing is opened, asked or counted. */
export function backendsFor(options: BackendsOptions): Backends | null {
  const { config, metrics, log, now } = options;
  const all = backendsOf(config.backend, config.namespace);
  if (all.length === 0) return null;
  const { adminSocket } = config;
  const standing = createStanding(options, all);
  const sources = createSources(
    {
      ...{ config, log },
      onChange: (backend) => loop.poke(backend),
      onTrouble: (backend, trouble) => standing.heard(backend, trouble),
    },
    all,
  );

  const last = new Map<string, Wanted>();
  const has = new Map<string, readonly WantedServer[]>();
  function onKept(backend: string, kept: Kept, sinceMs: number | null): void {
    if (sinceMs !== null) metrics.backendSeconds.observe({ backend }, (now() - sinceMs) / 1000);
    standing.kept(backend, kept, last.get(backend)?.notes ?? []);
    if (kept.has === null || JSON.stringify(kept.has) === JSON.stringify(has.get(backend))) return;
    has.set(backend, kept.has);
    options.onHas([...has].map(([name, servers]) => ({ name, servers })));
  }

  const loop: Loop = createLoop({
    backends: all.map((of) => ({
      name: of.backend,
      wanted() {
        const found = sources.wanted(of);
        if (found !== null) last.set(of.backend, found);
        return found?.servers ?? null;
      },
      keeper: createKeeper({
        ...{ backend: of.backend, now },
        settings: {
          ...{ dynamic: config.dynamic, onEmpty: config.onEmpty },
          ...{ deleteAfterMs: config.deleteAfter, drainLimitMs: config.drainLimit },
        },
        read: async (name, signal) =>
          parseServersState(await command(adminSocket, `show servers state ${name}`, { signal })),
        tell: (lines, signal) => askAll(adminSocket, lines, signal),
        onStep: (kind, outcome) => metrics.backendCommands.inc({ command: kind, outcome }),
      }),
    })),
    info: (signal) => command(adminSocket, 'show info', { signal }),
    ...{ facts: options.facts, onKept, compareMs: config.reconcileInterval, log, now },
  });

  return {
    module: {
      name: 'backends',
      request: () => null,
      waits: () => standing.waits(),
      trouble: () => standing.trouble(loop.trouble()),
    },
    status: standing.status,
    async run(signal) {
      await Promise.all([loop.run(signal), sources.run(signal)]);
    },
  };
}
