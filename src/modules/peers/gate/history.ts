import type { Outcome } from '../../../engine/reload-gate.ts';
import { noReloads, reloadsAfter } from '../../../gate/history.ts';
import { hasChanges, type PeersChanges, someoneJoins } from '../../../model/changes.ts';
import type { Decision } from '../../../model/decision.ts';
import { establishedNames, type Observed } from '../../../model/observed.ts';
import type { History } from './facts.ts';

/** Events of the reconciler that the rules need. */
export type HistoryEvent =
  /** These changes are planned now. */
  | { readonly kind: 'planned'; readonly changes: PeersChanges; readonly observed: Observed }
  /** HAProxy runs without these names, which are in the file. */
  | { readonly kind: 'not-loaded'; readonly names: readonly string[] }
  | { readonly kind: 'decided'; readonly decision: Decision }
  | Outcome;

/** `History`, plus what is needed to detect a change. */
export interface Memory {
  readonly history: History;
  /** Fingerprint of the planned changes. */
  readonly changes: string;
  readonly joins: boolean;
  /** There is something to remove, or a peer to move that is not connected. */
  readonly lazy: boolean;
  readonly notLoaded: string;
}

export const noMemory: Memory = {
  history: {
    joinSinceMs: 0,
    changedAtMs: 0,
    lazySinceMs: 0,
    notLoadedSinceMs: 0,
    ...noReloads,
    lastSessionAtMs: Number.NEGATIVE_INFINITY,
    establishedBefore: [],
    met: new Set(),
    siblingWaitMs: null,
    dueMs: null,
    blockedUntilMs: Number.POSITIVE_INFINITY,
    missedTurns: 0,
  },
  changes: '',
  joins: false,
  lazy: false,
  notLoaded: '',
};

/** Pure: the history after one more event. */
export function remember(memory: Memory, event: HistoryEvent, nowMs: number): Memory {
  const { history } = memory;
  const known = (part: Partial<History>): Memory => ({
    ...memory,
    history: { ...history, ...part },
  });
  switch (event.kind) {
    case 'planned':
      return planned(memory, event, nowMs);
    case 'no-change':
      return { ...memory, changes: '', joins: false, lazy: false };
    case 'not-loaded': {
      const notLoaded = event.names.join();
      if (notLoaded === memory.notLoaded) return memory;
      return { ...known({ notLoadedSinceMs: nowMs }), notLoaded };
    }
    case 'decided':
      return known(decided(history, event.decision, nowMs));
    case 'blocked':
      return known(blocked());
    case 'reloaded': {
      const establishedBefore = [...establishedNames(event.observed)];
      return known({ ...reloadsAfter(history, event.kind, nowMs), establishedBefore });
    }
    case 'failed':
      return known({ ...blocked(), ...reloadsAfter(history, event.kind, nowMs) });
    case 'succeeded':
      return known(reloadsAfter(history, event.kind, nowMs));
  }
}

type Planned = Extract<HistoryEvent, { kind: 'planned' }>;

function planned(memory: Memory, { changes, observed }: Planned, nowMs: number): Memory {
  const { create, add, update, remove } = changes;
  const established = establishedNames(observed);
  const nothing = !hasChanges(changes);
  const fingerprint = nothing ? '' : JSON.stringify([create, add, update, remove]);
  const joins = someoneJoins(changes);
  const apart = update.some((entry) => !established.has(entry.name));
  const lazy = apart || remove.length > 0;
  const { history } = memory;
  const isMet = [...established].every((name) => history.met.has(name));
  return {
    ...memory,
    changes: fingerprint,
    joins: !nothing && joins,
    lazy: !nothing && lazy,
    history: {
      ...history,
      met: isMet ? history.met : new Set([...history.met, ...established]),
      lastSessionAtMs:
        fingerprint === memory.changes ? history.lastSessionAtMs : lastSessionAt(observed, nowMs),
      changedAtMs: fingerprint === memory.changes ? history.changedAtMs : nowMs,
      joinSinceMs: joins && !memory.joins ? nowMs : history.joinSinceMs,
      lazySinceMs: lazy === memory.lazy ? history.lazySinceMs : nowMs,
    },
  };
}

/**
 * When the youngest session began. A session that has ended is no evidence, because its peer may have been dead for
 * minutes.
 */
function lastSessionAt(observed: Observed, nowMs: number): number {
  const peers = observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
  const ages = peers
    .filter(({ established }) => established)
    .map(({ sessionSeconds = Number.POSITIVE_INFINITY }) => sessionSeconds * 1000);
  return nowMs - Math.min(Number.POSITIVE_INFINITY, ...ages);
}

function decided(history: History, decision: Decision, nowMs: number): Partial<History> {
  if (decision.kind !== 'wait') return blocked();
  const { codes, dueMs, untilMs } = decision;
  const waits = codes.includes('not-connected') || codes.includes('siblings-behind');
  const waiting = waits ? { siblingWaitMs: nowMs } : {};
  if (dueMs === undefined) return { ...blocked(untilMs), ...waiting };
  const missed = history.dueMs !== null && history.dueMs !== dueMs;
  const missedTurns = history.missedTurns + (missed ? 1 : 0);
  return { dueMs, blockedUntilMs: untilMs, missedTurns, ...waiting };
}

function blocked(blockedUntilMs = Number.POSITIVE_INFINITY): Partial<History> {
  return { dueMs: null, blockedUntilMs, missedTurns: 0 };
}
