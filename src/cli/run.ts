import { version as nodeVersion } from 'node:process';
import { dateOf, monotonicNow, wallNow } from '../clock.ts';
import { liveness } from '../engine/liveness.ts';
import { createReadyMarker } from '../engine/ready-marker-file.ts';
import { errorMessage } from '../errors.ts';
import { sampleTables } from '../haproxy/table-sample.ts';
import { createMetrics } from '../modules/metrics.ts';
import { createApplier } from '../modules/peers/applier.ts';
import { createPeersModule } from '../modules/peers/module.ts';
import { peersSectionOwner, sectionOptionsOf } from '../modules/peers/owner.ts';
import { showPeers } from '../modules/peers/scrape.ts';
import {
  createStaticPeers,
  readStaticPeers,
  writeStaticPeers,
} from '../modules/peers/static-peers.ts';
import { createModules } from '../modules/registry.ts';
import { createSource } from '../sources/from-config.ts';
import { readKeptSelector } from '../sources/kept-selector.ts';
import { expose } from '../telemetry/exposition.ts';
import { startHttpServer } from '../telemetry/http.ts';
import { recorderFor } from '../telemetry/notice-recorder.ts';
import { countWatch, createScrape } from '../telemetry/scrape.ts';
import { createTableSamples } from '../telemetry/table-samples.ts';
import type { CommandOf, Context } from './command.ts';

async function run({ config, env, log, signal, version }: Context<'run'>): Promise<number> {
  const metrics = createMetrics({ version, node: nodeVersion.slice(1) });
  const sectionOptions = sectionOptionsOf(config, env);
  const { source, self } = createSource(config, log, {
    health: countWatch(metrics, config.source, wallNow),
    kept: await readKeptSelector(config.haproxyConfig, config.podName),
  });
  const staticPeers = createStaticPeers(await readStaticPeers(config.haproxyConfig), (names) => {
    void writeStaticPeers(config.haproxyConfig, names).catch((error: unknown) =>
      log.warn({ error: errorMessage(error) }, 'cannot note the static peers'),
    );
  });
  const { adminSocket, masterSocket } = config;
  const marker = createReadyMarker({
    adminSocket,
    masterSocket,
    section: config.peersSection,
    log,
  });
  const wasReady = await marker.read();
  if (wasReady !== null) {
    metrics.ready.set(1);
    log.info('this HAProxy was ready before, and stays so');
  }
  const events = recorderFor({
    config,
    log,
    signal,
    onOutcome: (reason, outcome) => metrics.events.inc({ reason, outcome }),
  });
  const context = { config, env, self, staticPeers, events, log, metrics, now: monotonicNow };
  const modules = createModules(context);
  const owners = modules.flatMap(({ owner }) => owner ?? []);
  const applier = createApplier(
    config,
    [peersSectionOwner(sectionOptions), ...owners],
    log,
    metrics,
  );
  const module = createPeersModule({
    config,
    source,
    applier,
    sectionOptions,
    modules,
    self,
    staticPeers: staticPeers.names,
    log,
    metrics,
    version,
    now: monotonicNow,
    wallNow,
    signal,
    wasReady,
    onReadyMarker: (ready) => void marker.write(ready),
    events,
  });
  const scrape = createScrape({
    metrics,
    status: () => module.status(),
    source,
    lastPassAtMs() {
      const atMs = module.scheduler.lastPassAtMs();
      return atMs === null ? null : dateOf(atMs);
    },
    show: [showPeers({ metrics, perPeer: config.metricsPerPeer })],
  });
  const withSamples = createTableSamples({
    take: (names) => sampleTables(adminSocket, names),
    now: monotonicNow,
    wallNow,
  });
  const { host, port } = config.listen;
  const server = await startHttpServer({
    host,
    port,
    live: () => liveness(module.scheduler.overdueMs(), config.dataplaneTimeout),
    ready: () => {
      const { ready, reasons } = module.reconciler.readiness();
      return { ok: ready, reasons };
    },
    status: async (sampled) => {
      const status = await module.status();
      return sampled ? withSamples(status) : status;
    },
    metrics: async (format) => {
      await scrape();
      return expose(metrics.registry, format);
    },
    onEnded: (reason) => metrics.httpEnded.inc({ reason }),
  });
  log.info(
    {
      port: server.port,
      source: source.name,
      applier: applier.name,
      staticPeers: staticPeers.names(),
    },
    'listening',
  );
  source.start(signal);
  const { poke } = module.scheduler;
  const watching = Promise.all([
    module.watch(signal),
    ...modules.map((each) => each.watch?.(poke, signal)),
  ]);
  await module.scheduler.run(signal);
  await Promise.all([
    watching,
    source.stopped(),
    applier.close(),
    server.close(),
    events.flush(1000),
  ]);
  log.info({ reason: String(signal.reason?.message ?? 'stopped') }, 'stopped');
  return 0;
}

export const runCommand: CommandOf<'run'> = {
  name: 'run',
  summary: 'Keep the peers section in step with the replicas (the sidecar).',
  run,
};
