import type { Applier } from '../../apply/applier.ts';
import { sleep } from '../../clock.ts';
import type { SidecarConfig } from '../../config/values.ts';
import { fanOut } from '../../engine/fan-out.ts';
import type { Module } from '../../engine/module.ts';
import { observePeers } from '../../engine/observe.ts';
import type { Ready } from '../../engine/ready-marker-file.ts';
import { createReconciler, type Reconciler } from '../../engine/reconciler.ts';
import { createScheduler, type Scheduler } from '../../engine/scheduler.ts';
import { watchWorker } from '../../engine/watch-worker.ts';
import { errorMessage } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Self } from '../../model/member.ts';
import type { Source } from '../../sources/source.ts';
import { askStatus } from '../../telemetry/ask-status.ts';
import type { Recorder } from '../../telemetry/event-recorder.ts';
import type { GeneralMetrics, MetricsOf } from '../../telemetry/metrics.ts';
import { leftOutNotices, noticeWith } from '../../telemetry/notice-recorder.ts';
import { createStatusBoard, type StatusBoard } from '../../telemetry/status-board.ts';
import type { Status } from '../../telemetry/status-schema.ts';
import { type Counting, countWith } from './count.ts';
import { createSectionReader, peersEdit, type SectionOptions } from './edit.ts';
import { expectedPeers } from './expected.ts';
import { createPeersGate } from './gate/keeper.ts';
import { gateSettings, passRetry } from './gate/settings.ts';
import type { peersMetrics } from './metrics.ts';
import { createRepair } from './missed/missed.ts';
import { planPeers } from './plan.ts';

export interface PeersModule {
  readonly scheduler: Scheduler;
  readonly reconciler: Reconciler;
  /** Looks who runs as HAProxy until `signal` aborts. */
  watch(signal: AbortSignal): Promise<void>;
  status(): Promise<Status>;
}

export interface PeersModuleOptions {
  readonly config: SidecarConfig;
  readonly source: Source;
  readonly applier: Applier;
  readonly sectionOptions: SectionOptions;
  /** The other modules that work on this HAProxy. */
  readonly modules: readonly Module[];
  readonly self: Self;
  /** Static peers of the template, as init or a change of it found them. */
  readonly staticPeers: () => readonly string[];
  readonly log: Log;
  readonly metrics: GeneralMetrics & MetricsOf<typeof peersMetrics>;
  readonly version: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow: () => number;
  readonly signal: AbortSignal;
  /** What an earlier run of this program was ready with. */
  readonly wasReady: Ready | null;
  /** This worker's tables are as full as they get; null: those of none. */
  readonly onReadyMarker: (ready: Ready | null) => void;
  readonly events: Recorder;
}

/** Compares our tables with those of siblings over their `/status`, which listens on the same port everywhere. */
function createConfirm(
  options: PeersModuleOptions,
  board: StatusBoard,
  counting: Counting,
  onIncomplete: (incomplete: boolean) => void,
) {
  const { config, log, now, metrics, events } = options;
  if (!config.repair || config.dryRun) return {};
  const { port } = config.listen;
  const confirm = () =>
    createRepair({
      self: options.self,
      limitMs: config.repairLimit,
      // HAProxy tries again to connect after 5 s.
      connectLimitMs: 6000,
      own: () => board.status('fresh'),
      sleep: (ms, stop) => sleep(ms, stop),
      ask: ({ address, name }, signal) =>
        askStatus(address, port, { timeoutMs: 1000, signal, name }),
      log,
      now,
      onReload(reasons) {
        counting.repairing();
        events.record({ reason: 'ResyncMissed', message: reasons.join('; ') });
      },
      onSilence: (reasons) =>
        events.record({ reason: 'SiblingsUnheard', message: reasons.join('; ') }),
      onOutcome(outcome, reasons) {
        const incomplete = outcome !== 'complete' && outcome !== 'repaired';
        onIncomplete(incomplete);
        if (outcome === 'unmet')
          events.record({ reason: 'SiblingsUnheard', message: reasons.join('; ') });
        if (outcome === 'complete' || outcome === 'unmet') return;
        metrics.repairs.inc({ outcome: incomplete ? 'missed' : outcome });
        events.record(
          incomplete
            ? { reason: 'JoinedWithoutHistory', message: reasons.join('; ') }
            : { reason: 'ResyncRepaired', message: 'tables learned after a hard-reload' },
        );
      },
    });
  return { confirm };
}

/** The peers module: pods in, peers section out, and the engine that carries the others. */
export function createPeersModule(options: PeersModuleOptions): PeersModule {
  const { config, source, log, signal, now } = options;
  let incomplete = options.wasReady?.incomplete ?? false;
  const board = createStatusBoard({
    self: options.self,
    version: options.version,
    section: config.peersSection,
    adminSocket: config.adminSocket,
    masterSocket: config.masterSocket,
    members: () => source.snapshot(),
    readiness: () => reconciler.readiness(),
    incomplete: () => incomplete,
    troubles: () => (options.modules ?? []).flatMap((each) => each.trouble?.() ?? []),
    now,
    wallNow: options.wallNow,
  });
  const counting = countWith({ metrics: options.metrics, now });
  const notices = noticeWith(options.events, config.waitingLimit, now);
  const plan = {
    port: config.peersPort,
    expected: expectedPeers(options.self, config.expectReplicas),
    tls: config.peersTls,
  };
  const settings = gateSettings(config);
  const reconciler: Reconciler = createReconciler({
    source,
    applier: options.applier,
    observe: (passSignal) => observePeers(config.adminSocket, config.peersSection, passSignal),
    section: createSectionReader(options.sectionOptions),
    edit: (changes) => peersEdit(changes, options.sectionOptions),
    plan(membership, section) {
      const keep = new Set([...config.keepPeer, ...options.staticPeers()]);
      return planPeers(membership, section, options.self, { ...plan, keep });
    },
    gate: createPeersGate({ settings, selfName: options.self.name, now, wallNow: options.wallNow }),
    retry: passRetry(settings),
    log,
    observer: fanOut(counting, board, notices),
    ...createConfirm(options, board, counting, (now) => {
      incomplete = now;
    }),
    now,
    wasReady: options.wasReady?.worker ?? null,
    allowLeftOut: config.allowLeftOut,
    onReadyMarker: (worker) =>
      options.onReadyMarker(worker === null ? null : { worker, incomplete }),
    modules: options.modules,
  });
  const scheduler = createScheduler({
    pass: (full) => reconciler.runOnce(full, signal),
    reconcileIntervalMs: config.reconcileInterval,
    now,
    onError: (error) => log.error({ code: 'BUG', err: error }, errorMessage(error)),
  });
  source.onChange(leftOutNotices(() => source.snapshot(), options.events));
  source.onChange(() => {
    counting.changed();
    scheduler.poke();
  });
  const watch = (stop: AbortSignal) =>
    watchWorker(
      {
        adminSocket: config.adminSocket,
        observe: (look) => observePeers(config.adminSocket, config.peersSection, look),
        onLook: (running) => {
          if (reconciler.running(running)) scheduler.poke();
        },
      },
      stop,
    );
  return { scheduler, reconciler, watch, status: () => board.status() };
}
