import type { Applier } from '../../apply/applier.ts';
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
import type { Recorder } from '../../telemetry/event-recorder.ts';
import type { GeneralMetrics, MetricsOf } from '../../telemetry/metrics.ts';
import { leftOutNotices, noticeWith } from '../../telemetry/notice-recorder.ts';
import { createStatusBoard } from '../../telemetry/status-board.ts';
import type { Status } from '../../telemetry/status-schema.ts';
import { watchBusy } from './busy.ts';
import { countWith } from './count.ts';
import { createSectionReader, peersEdit, type SectionOptions } from './edit.ts';
import { expectedPeers } from './expected.ts';
import { createPeersGate } from './gate/keeper.ts';
import { gateSettings, passRetry } from './gate/settings.ts';
import type { peersMetrics } from './metrics.ts';
import { confirmWith } from './missed/confirm.ts';
import { planPeers } from './plan.ts';

export interface PeersModule {
  readonly scheduler: Scheduler;
  readonly reconciler: Reconciler;
  /** Watches the HAProxy worker until `signal` aborts. */
  watch(signal: AbortSignal): Promise<void>;
  status(): Promise<Status>;
  /** A reload waits that is not meant to wait for long, or runs. */
  isBusy(): boolean;
}

export interface PeersModuleOptions {
  readonly config: SidecarConfig;
  readonly source: Source;
  readonly applier: Applier;
  readonly sectionOptions: SectionOptions;
  /** The other modules that work on this HAProxy. */
  readonly modules: readonly Module[];
  readonly self: Self;
  /** Static peers of the template, as found by init or by a later change of the template. */
  readonly staticPeers: () => readonly string[];
  readonly log: Log;
  readonly metrics: GeneralMetrics & MetricsOf<typeof peersMetrics>;
  readonly version: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The wall clock, in milliseconds since the epoch. */
  readonly wallNow: () => number;
  readonly signal: AbortSignal;
  /** The worker that was ready in an earlier run of this program. */
  readonly wasReady: Ready | null;
  /** The tables of this worker are complete; null: no worker's are. */
  readonly onReadyMarker: (ready: Ready | null) => void;
  readonly events: Recorder;
  /** Since when a lesson is given or taken, in milliseconds of `now`; null: none is. Default: there are none. */
  readonly lessonSinceMs?: (() => number | null) | undefined;
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
    mode: config.mode,
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
  const busy = watchBusy();
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
    gate: createPeersGate({
      ...{ settings, selfName: options.self.name, now, wallNow: options.wallNow },
      lessonSinceMs: options.lessonSinceMs,
    }),
    retry: passRetry(settings),
    log,
    observer: fanOut(counting, board, notices, busy),
    confirm: confirmWith({
      ...{ config, board, log, now },
      ...{ self: options.self, metrics: options.metrics, events: options.events },
      onRepairing: () => counting.repairing(),
      onIncomplete(isIncomplete) {
        incomplete = isIncomplete;
      },
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
  return { scheduler, reconciler, watch, status: () => board.status(), isBusy: busy.isBusy };
}
