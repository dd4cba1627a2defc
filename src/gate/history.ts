import { type PeersChanges, someoneJoins } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import { establishedNames, type History, type Observed } from './facts.ts';

export interface HistoryRecord {
  value(): History;
  /** These changes are planned now. */
  note(changes: PeersChanges, observed: Observed): void;
  /** HAProxy runs without these names, which the file has. */
  unloaded(names: readonly string[]): void;
  decided(decision: Decision): void;
  noChange(): void;
  /** No decision was reached: something is in the way of a reload. */
  blocked(): void;
  applied(
    applied: { readonly reloaded: boolean; readonly beganMs?: number | null },
    observed: Observed,
  ): void;
  /** HAProxy was reloaded for another reason than a change. */
  reloaded(observed: Observed): void;
  failed(): void;
  succeeded(): void;
}

/** What the gate has to know of the past, recorded as it happens. */
export function createHistory(now: () => number): HistoryRecord {
  let pending = '';
  let lazy = '';
  let joining = false;
  let unloaded = '';
  let value: History = {
    joinSinceMs: 0,
    changedAtMs: 0,
    lazySinceMs: 0,
    notLoadedSinceMs: 0,
    lastReloadAtMs: null,
    lastBeganMs: null,
    establishedBefore: [],
    met: new Set(),
    siblingWaitMs: null,
    failures: 0,
    lastFailureAtMs: null,
    dueMs: null,
    blockedUntilMs: Number.POSITIVE_INFINITY,
    missedTurns: 0,
  };

  function noChange(): void {
    pending = '';
    lazy = '';
    joining = false;
  }

  function blocked(untilMs = Number.POSITIVE_INFINITY): void {
    value = { ...value, dueMs: null, blockedUntilMs: untilMs, missedTurns: 0 };
  }

  function due(dueMs: number, untilMs: number): void {
    const missed = value.dueMs !== null && value.dueMs !== dueMs;
    const missedTurns = value.missedTurns + (missed ? 1 : 0);
    value = { ...value, dueMs, blockedUntilMs: untilMs, missedTurns };
  }

  function meet(established: ReadonlySet<string>): void {
    if ([...established].every((name) => value.met.has(name))) return;
    value = { ...value, met: new Set([...value.met, ...established]) };
  }

  function reloaded(observed: Observed, lastBeganMs: number | null): void {
    const establishedBefore = [...establishedNames(observed)];
    value = { ...value, lastReloadAtMs: now(), lastBeganMs, establishedBefore };
  }

  return {
    value: () => value,
    note(changes, observed) {
      const fingerprint = JSON.stringify([
        changes.create,
        changes.add,
        changes.update,
        changes.remove,
      ]);
      const established = establishedNames(observed);
      meet(established);
      const apart = changes.update.some((entry) => !established.has(entry.name));
      const lazyNow = apart || changes.remove.length > 0 ? 'some' : '';
      if (fingerprint !== pending) {
        value = { ...value, changedAtMs: now() };
        pending = fingerprint;
      }
      const joins = someoneJoins(changes);
      if (joins && !joining) value = { ...value, joinSinceMs: now() };
      joining = joins;
      if (lazyNow !== lazy) {
        value = { ...value, lazySinceMs: now() };
        lazy = lazyNow;
      }
      if (fingerprint === '[false,[],[],[]]') noChange();
    },
    unloaded(names) {
      if (names.join() !== unloaded) value = { ...value, notLoadedSinceMs: now() };
      unloaded = names.join();
    },
    decided(decision) {
      if (decision.kind !== 'wait') blocked();
      else if (decision.dueMs === undefined) blocked(decision.untilMs);
      else due(decision.dueMs, decision.untilMs);
      const codes = decision.kind === 'wait' ? decision.codes : [];
      const waits = codes.includes('not-connected') || codes.includes('siblings-behind');
      if (waits) value = { ...value, siblingWaitMs: now() };
    },
    noChange,
    blocked: () => blocked(),
    applied(applied, observed) {
      noChange();
      if (applied.reloaded) reloaded(observed, applied.beganMs ?? null);
    },
    reloaded: (observed) => reloaded(observed, null),
    failed() {
      blocked();
      value = { ...value, failures: value.failures + 1, lastFailureAtMs: now() };
    },
    succeeded() {
      value = { ...value, failures: 0, lastFailureAtMs: null };
    },
  };
}
