import { onTestFinished } from 'vitest';
import { askAll } from '../../src/haproxy/ask-all.ts';
import { parseServersState } from '../../src/haproxy/servers-state.ts';
import { command } from '../../src/haproxy/socket.ts';
import type { StepKind } from '../../src/modules/backends/plan/step.ts';
import {
  type BackendFacts,
  createKeeper,
  type KeeperSettings,
  type Kept,
} from '../../src/modules/backends/runtime/keeper.ts';
import { createLoop } from '../../src/modules/backends/runtime/loop.ts';
import type { WantedServer } from '../../src/modules/backends/server.ts';
import { capturedLog, type LogLine } from '../helpers/captured-log.ts';

export interface BackendsLoop {
  /** What `be_app` is to have from now on. */
  want(servers: readonly WantedServer[] | null): void;
  /** Of the last pass; null: none yet. */
  kept(): Kept | null;
  readonly steps: readonly (readonly [StepKind, string])[];
  readonly logged: readonly LogLine[];
  trouble(): string | null;
}

/** The runtime lane of `be_app` against a HAProxy, for the test that runs. */
export function testBackendsLoop(
  socket: string,
  settings: Partial<KeeperSettings> = {},
  facts: Partial<BackendFacts> = {},
): BackendsLoop {
  const steps: (readonly [StepKind, string])[] = [];
  const { log, lines } = capturedLog();
  let wanted: readonly WantedServer[] | null = null;
  let kept: Kept | null = null;
  const keeper = createKeeper({
    backend: 'be_app',
    settings: {
      ...{ dynamic: 'add', onEmpty: 'maint', deleteAfterMs: 60_000, drainLimitMs: 0 },
      ...settings,
    },
    read: async (backend, signal) =>
      parseServersState(await command(socket, `show servers state ${backend}`, { signal })),
    tell: (all, signal) => askAll(socket, all, signal),
    onStep: (...step) => void steps.push(step),
    now: () => performance.now(),
  });
  const loop = createLoop({
    backends: [{ name: 'be_app', keeper, wanted: () => wanted }],
    info: (signal) => command(socket, 'show info', { signal }),
    facts: async () => ({ params: [], balance: 'roundrobin', refuses: null, ...facts }),
    onKept: (_, now) => {
      kept = now;
    },
    compareMs: 30_000,
    log,
  });
  const controller = new AbortController();
  const running = loop.run(controller.signal);
  onTestFinished(async () => {
    controller.abort();
    await running;
  });
  return {
    want(servers) {
      wanted = servers;
      kept = null;
      loop.poke('be_app');
    },
    kept: () => kept,
    steps,
    logged: lines,
    trouble: loop.trouble,
  };
}
