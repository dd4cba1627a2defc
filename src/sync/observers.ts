import type { Observer } from '../control/reporter.ts';
import type { Metrics } from '../server/metrics.ts';

/** Counts what the reconciler reports. */
export function countWith(metrics: Metrics, onReady: () => void): Observer {
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

/** Every observer hears everything, in the order given. */
export function everybody(...observers: readonly Observer[]): Observer {
  return {
    pass(report) {
      for (const observer of observers) observer.pass(report);
    },
    applied(applied, ms) {
      for (const observer of observers) observer.applied(applied, ms);
    },
    failed(code) {
      for (const observer of observers) observer.failed(code);
    },
    ready() {
      for (const observer of observers) observer.ready();
    },
  };
}
