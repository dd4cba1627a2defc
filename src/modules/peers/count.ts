import type { Observer, PassReport } from '../../engine/reporter.ts';
import { hasChanges, noChanges, type PeersChanges, someoneJoins } from '../../model/changes.ts';
import type { HoldCode } from '../../model/decision.ts';
import { changesOf } from '../../model/peers-plan.ts';
import type { GeneralMetrics, MetricsOf } from '../../telemetry/metrics.ts';
import { countState } from './count-state.ts';
import type { peersMetrics } from './metrics.ts';

export interface Counting extends Observer {
  /** The source reports that the members may have changed. */
  changed(): void;
  /** HAProxy was reloaded for a reason other than a change. */
  repairing(): void;
}

export interface CountOptions {
  readonly metrics: GeneralMetrics & MetricsOf<typeof peersMetrics>;
  readonly now: () => number;
}

/**
 * The cause of a reload: a join counts before a move, and a move before a leave. `request`: nothing in the section has
 * changed, as for a certificate.
 */
export function causeOf(changes: PeersChanges): 'join' | 'move' | 'leave' | 'request' {
  if (!hasChanges(changes)) return 'request';
  if (someoneJoins(changes)) return 'join';
  return changes.update.length > 0 ? 'move' : 'leave';
}

/** Counts what the reconciler reports. */
export function countWith({ metrics, now }: CountOptions): Counting {
  const seenAtMs = new Map<string, number>();
  let changedAtMs: number | null = null;
  let pendingSinceMs: number | null = null;
  let waitingFor: readonly HoldCode[] = [];
  let pending: PeersChanges = noChanges;
  const ofState = countState(metrics);

  /** Remembers when each peer to be added was first seen, which is when the source reported the change. */
  function seeNew({ add }: PeersChanges): void {
    const wanted = new Set(add.map(({ name }) => name));
    for (const name of seenAtMs.keys()) if (!wanted.has(name)) seenAtMs.delete(name);
    for (const name of wanted) {
      if (!seenAtMs.has(name)) seenAtMs.set(name, changedAtMs ?? now());
    }
    changedAtMs = null;
  }

  function countPending({ plan, decision }: PassReport): void {
    const changes = plan.kind === 'changes' ? plan.changes : noChanges;
    const { add, update, remove } = changes;
    seeNew(changes);
    const waiting = add.length + update.length + remove.length;
    pendingSinceMs = waiting > 0 || changes.create ? (pendingSinceMs ?? now()) : null;
    setWaiting(changes);
    const codes = decision.kind === 'wait' || decision.kind === 'hold' ? decision.codes : [];
    metrics.waitingReason.reset();
    for (const reason of codes) metrics.waitingReason.set({ reason }, 1);
    for (const reason of codes) if (!waitingFor.includes(reason)) metrics.waits.inc({ reason });
    waitingFor = codes;
  }

  function setWaiting({ add, update, remove }: PeersChanges): void {
    metrics.changesWaiting.set({ kind: 'add' }, add.length);
    metrics.changesWaiting.set({ kind: 'update' }, update.length);
    metrics.changesWaiting.set({ kind: 'remove' }, remove.length);
  }

  function countApplied(made: PeersChanges, ms: number): void {
    const { add, update, remove } = made;
    metrics.changes.inc({ kind: 'add' }, add.length);
    metrics.changes.inc({ kind: 'update' }, update.length);
    metrics.changes.inc({ kind: 'remove' }, remove.length);
    const cause = causeOf(made);
    metrics.reloads.inc({ cause });
    if (cause === 'request') return;
    const waitedMs = now() - ms - (pendingSinceMs ?? now() - ms);
    metrics.gateSeconds.observe({ cause }, Math.max(0, waitedMs) / 1000);
    for (const { name } of add) {
      const seen = seenAtMs.get(name);
      if (seen !== undefined) metrics.joinSeconds.observe((now() - seen) / 1000);
    }
  }

  return {
    pass(report) {
      ofState.state(report.membership, report.observed);
      metrics.entries.set(report.section.entries.length);
      countPending(report);
      metrics.passes.inc({ decision: report.decision.kind });
      pending = changesOf(report.plan, report.decision);
    },
    applied(applied, ms, made) {
      if (applied.reloaded) {
        countApplied(made, ms);
        ofState.reloaded();
      }
      metrics.applySeconds.observe(ms / 1000);
      // The edits of other modules were made without this one, so a pod that waits to be added keeps waiting.
      if (hasChanges(pending) && !hasChanges(made)) return;
      pendingSinceMs = null;
      seenAtMs.clear();
      setWaiting(noChanges);
    },
    failed: (code) => metrics.failures.inc({ code }),
    ready: () => metrics.ready.set(1),
    unready: () => metrics.ready.set(0),
    changed() {
      changedAtMs ??= now();
    },
    repairing() {
      metrics.reloads.inc({ cause: 'repair' });
      ofState.reloaded();
    },
  };
}
