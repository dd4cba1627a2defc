import { monotonicNow, wallNow } from '../clock.ts';
import { liveness } from '../engine/liveness.ts';
import { errorMessage } from '../errors.ts';
import { createApplier } from '../modules/peers/applier.ts';
import { createPeersModule, type PeersModule } from '../modules/peers/module.ts';
import { peersSectionOwner, sectionOptionsOf } from '../modules/peers/owner.ts';
import {
  createStaticPeers,
  readStaticPeers,
  writeStaticPeers,
} from '../modules/peers/static-peers.ts';
import { createModules } from '../modules/registry.ts';
import { alone, createDesk } from '../modules/relay/difference/desk.ts';
import { lastSnapshotMs } from '../modules/snapshot/recording.ts';
import { openDoor } from '../modules/snapshot/turn/door.ts';
import { doorPath } from '../modules/snapshot/turn/messages.ts';
import type { CommandOf, Context } from './command.ts';
import { reloadLinks } from './reload-links.ts';
import { reloadSnapshots } from './reload-snapshots.ts';
import { runAggregate, sumsVersion } from './run-aggregate.ts';
import { runBackends } from './run-backends.ts';
import { lessonsFor } from './run-lessons.ts';
import { runRelay } from './run-relay.ts';
import { serve } from './serve.ts';
import { type Started, start } from './start.ts';

async function runReload(started: Started): Promise<void> {
  const { config, env, log, signal, version, metrics, source, self, events } = started;
  const sectionOptions = sectionOptionsOf(config, env);
  const staticPeers = createStaticPeers(await readStaticPeers(config.haproxyConfig), (names) => {
    void writeStaticPeers(config.haproxyConfig, names).catch((error: unknown) =>
      log.warn({ error: errorMessage(error) }, 'cannot note the static peers'),
    );
  });
  const context = { config, env, self, staticPeers, events, log, metrics, now: monotonicNow };
  const desk = createDesk();
  const snapshots = await reloadSnapshots(started, (act, stop) => alone(desk, act, stop));
  const backends = await runBackends(started, () => module.scheduler.poke());
  const sums = await runAggregate(started, self.name, () => module.scheduler.poke());
  const modules = [
    ...createModules(context),
    ...(snapshots === null ? [] : [snapshots.module]),
    ...(backends === null ? [] : [backends.module]),
    ...(sums === null ? [] : [sums.module]),
  ];
  const owners = modules.flatMap(({ owner }) => owner ?? []);
  const applier = createApplier(
    config,
    [peersSectionOwner(sectionOptions), ...owners],
    log,
    metrics,
  );
  // A snapshot is restored on the line that lessons use, and what is compared meanwhile is not all there is.
  const restores = () => snapshots !== null && snapshots.waits() !== null;
  const lessons = await lessonsFor(started, desk, () => module.isBusy() || restores());
  const links = reloadLinks(started, {
    ...{ lessons: lessons.linked, sums: sums === null ? null : sums.linked, sumsVersion },
  });
  const module: PeersModule = createPeersModule({
    config,
    source,
    applier,
    sectionOptions,
    modules: [
      ...modules,
      { name: 'lessons', request: () => null, trouble: () => lessons.trouble },
      { name: 'links', request: () => null, trouble: () => links.trouble() },
    ],
    lessonSinceMs: lessons.sinceMs,
    self,
    staticPeers: staticPeers.names,
    log,
    metrics,
    version,
    now: monotonicNow,
    wallNow,
    signal,
    wasReady: started.wasReady,
    onReadyMarker(ready) {
      snapshots?.readyWith(ready?.worker ?? null);
      started.onReadyMarker(ready);
    },
    events,
  });
  const server = await serve({
    ...{ config, metrics, source, scheduler: module.scheduler },
    live: () => liveness(module.scheduler.overdueMs(), config.dataplaneTimeout),
    readiness: () => module.reconciler.readiness(),
    status: async () => ({
      ...(await module.status()),
      ...(await snapshots?.status()),
      lessons: lessons.status(),
      backends: backends?.status(),
      aggregate: sums?.status(),
    }),
    show: [links.show, lessons.show, () => sums?.show()],
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
  const door =
    snapshots === null && !config.lessons
      ? null
      : await openDoor({
          ...{ path: doorPath(config.adminSocket), log },
          ready: () => module.reconciler.readiness().ready,
          alone: (act, stop) => alone(desk, act, stop),
          refuses: () => snapshots?.waits() ?? null,
          on(outcome) {
            snapshots?.byHand(outcome);
            if (outcome.step !== 'restored') return [];
            return lessons.askToCompare('a snapshot was restored by hand');
          },
        });
  source.start(signal);
  const { poke } = module.scheduler;
  const watching = Promise.all([
    module.watch(signal),
    lessons.run(signal),
    links.run(signal),
    sums?.run(signal),
    snapshots?.record(signal),
    backends?.run(signal),
    ...modules.map((each) => each.watch?.(poke, signal)),
  ]);
  await module.scheduler.run(signal);
  await door?.close();
  await snapshots?.recordLast(lastSnapshotMs);
  await Promise.all([
    watching,
    source.stopped(),
    applier.close(),
    server.close(),
    events.flush(1000),
  ]);
  await sums?.stop();
}

async function run(context: Context<'run'>): Promise<number> {
  const started = await start(context);
  await (context.config.mode === 'relay' ? runRelay(started) : runReload(started));
  context.log.info({ reason: String(context.signal.reason?.message ?? 'stopped') }, 'stopped');
  return 0;
}

export const runCommand: CommandOf<'run'> = {
  name: 'run',
  summary: 'Keep the peers section in step with the replicas (the sidecar).',
  run,
};
