import type { Applier } from '../apply/applier.ts';
import type { Config } from '../config/values.ts';
import { createReconciler, type Reconciler } from '../control/reconciler.ts';
import type { Observer } from '../control/reporter.ts';
import { createScheduler, type Scheduler } from '../control/scheduler.ts';
import type { Source } from '../discovery/source.ts';
import { errorMessage } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Self } from '../model/member.ts';
import { expectedPeers } from '../plan/expected.ts';
import type { Metrics } from '../server/metrics.ts';
import { observePeers } from './observe.ts';

export interface PeersModule {
  readonly scheduler: Scheduler;
  readonly reconciler: Reconciler;
}

export interface PeersModuleOptions {
  readonly config: Config;
  readonly source: Source;
  readonly applier: Applier;
  readonly self: Self;
  /** Static peers of the template, which init found. */
  readonly staticPeers: readonly string[];
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly wasReady: boolean;
  readonly onReady: () => void;
}

/** Counts what the reconciler reports. */
function countWith(metrics: Metrics, onReady: () => void): Observer {
  return {
    pass({ membership, section, plan, observed, decision }) {
      metrics.members.set(membership.members.length);
      metrics.synced.set(membership.synced ? 1 : 0);
      metrics.entries.set(section.entries.length);
      metrics.passes.inc({ decision: decision.kind });
      const waiting = plan.kind === 'changes' ? plan.changes : { add: [], update: [], remove: [] };
      metrics.changesWaiting.set(
        waiting.add.length + waiting.update.length + waiting.remove.length,
      );
      const state = observed.kind === 'up' ? observed.state : null;
      metrics.established.set(state?.peers.filter((peer) => peer.established).length ?? 0);
      metrics.resyncFinished.set(state?.resync === 'learned' || state?.resync === 'alone' ? 1 : 0);
      if (decision.kind === 'apply') {
        const { add, update, remove } = decision.changes;
        metrics.changes.inc({ kind: 'add' }, add.length);
        metrics.changes.inc({ kind: 'update' }, update.length);
        metrics.changes.inc({ kind: 'remove' }, remove.length);
      }
    },
    applied(applied, ms) {
      if (applied.reloaded) metrics.reloads.inc();
      metrics.applySeconds.observe(ms / 1000);
      metrics.changesWaiting.set(0);
    },
    failed: (code) => metrics.failures.inc({ code }),
    ready() {
      metrics.ready.set(1);
      onReady();
    },
  };
}

/** The peers module: pods in, peers section out. Later modules wire their own source, plan and applier alike. */
export function createPeersModule(options: PeersModuleOptions): PeersModule {
  const { config, source, log, signal, now } = options;
  const reconciler = createReconciler({
    source,
    applier: options.applier,
    observe: (passSignal) => observePeers(config.adminSocket, config.peersSection, passSignal),
    self: options.self,
    plan: {
      port: config.peersPort,
      keep: new Set([...config.keepPeer, ...options.staticPeers]),
      expected: expectedPeers(options.self, config.expectReplicas),
    },
    gate: {
      burstWindowMs: config.burstWindow,
      minReloadIntervalMs: config.minReloadInterval,
      removalDelayMs: config.removalDelay,
      burstLimitMs: config.burstLimit,
      reestablishLimitMs: config.reestablishLimit,
      backoffMinMs: config.failureBackoff,
      backoffMaxMs: config.failureBackoffLimit,
    },
    log,
    observer: countWith(options.metrics, options.onReady),
    now,
    wasReady: options.wasReady,
  });
  const scheduler = createScheduler({
    pass: (resync) => reconciler.runOnce(resync, signal),
    resyncIntervalMs: config.resyncInterval,
    now,
    onError: (error) => log.error({ code: 'BUG', err: error }, errorMessage(error)),
  });
  source.onChange(() => scheduler.poke());
  return { scheduler, reconciler };
}
