import { hostname } from 'node:os';
import { version as nodeVersion } from 'node:process';
import { monotonicNow, wallNow } from '../clock.ts';
import { liveness } from '../engine/liveness.ts';
import { readText } from '../files/files.ts';
import { createMetrics } from '../modules/metrics.ts';
import { createApplier } from '../modules/peers/applier.ts';
import { silentRecorder } from '../telemetry/event-recorder.ts';
import { checkBackends } from './backends-check.ts';
import { backendsStatus } from './backends-status.ts';
import type { CommandOf, Context } from './command.ts';
import { renderFindings } from './doctor-view.ts';
import { type OneOfItsKind, oneOfItsKind } from './one-of-its-kind.ts';
import { createBackendsFile, runBackends } from './run-backends.ts';
import { serve } from './serve.ts';

/** There are no peers, so that nobody follows them. */
const noMembers = {
  name: 'none',
  snapshot: () => ({ synced: true, members: [], notes: [], awaited: 0, observedAtMs: 0 }),
};

/** Its servers are all that is waited for. */
const unobserved = { kind: 'down', why: 'not looked for' } as const;

async function runWith(context: Context<'backends'>, lock: OneOfItsKind): Promise<void> {
  const { config, env, log, signal, version } = context;
  const metrics = createMetrics({ version, node: nodeVersion.slice(1) });
  const startedAtMs = wallNow();
  let lookedAtMs = monotonicNow();
  const backends = await runBackends(
    // Nobody waits for this HAProxy to become ready, so that nothing has to be remembered.
    { config, env, metrics, events: silentRecorder, log, wasReady: null },
    () => {
      metrics.ready.set(readiness().ready ? 1 : 0);
      file.poke();
    },
  );
  if (backends === null) return;
  const { module } = backends;
  const applier = createApplier(config, [], log, metrics);
  const file = createBackendsFile({
    ...{ config, applier, module, log },
    onLooked() {
      lookedAtMs = monotonicNow();
    },
  });

  function readiness() {
    const waits = backends?.module.waits?.(unobserved) ?? null;
    return { ready: waits === null, reasons: waits === null ? [] : [waits] };
  }

  metrics.ready.set(0);
  const { adminSocket, masterSocket } = config;
  const server = await serve({
    ...{ config, metrics, source: noMembers },
    scheduler: { lastPassAtMs: () => lookedAtMs },
    live: () =>
      liveness(monotonicNow() - lookedAtMs - config.reconcileInterval, config.dataplaneTimeout),
    readiness,
    status: () =>
      backendsStatus({
        ...{ name: hostname(), version, startedAtMs, adminSocket, masterSocket, readiness },
        ...{ trouble: () => module.trouble?.() ?? null, backends: backends.status },
      }),
  });
  log.info({ port: server.port, applier: applier.name }, 'listening');
  await Promise.all([backends.run(signal), file.run(signal)]);
  await Promise.all([applier.close(), server.close(), lock.release()]);
}

async function run(context: Context<'backends'>): Promise<number> {
  const { config, env, log, signal, out, terminal } = context;
  if (config.check) {
    const findings = await checkBackends(config, env, signal);
    out(renderFindings(findings, terminal));
    return findings.some(({ level }) => level === 'failure') ? 1 : 0;
  }
  // Without it a server would be given that lacks the words of default-server.
  await readText(config.haproxyConfig);
  const lock = await oneOfItsKind(config.adminSocket);
  await runWith(context, lock);
  log.info({ reason: String(signal.reason?.message ?? 'stopped') }, 'stopped');
  return 0;
}

export const backendsCommand: CommandOf<'backends'> = {
  name: 'backends',
  summary: 'Keep servers in step with Services, for a HAProxy outside of Kubernetes.',
  run,
};
