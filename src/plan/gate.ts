import { hasChanges, type PeersChanges } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import type { PeerEntry } from '../model/peers-section.ts';
import type { PeersState } from '../model/peers-state.ts';

export interface GateSettings {
  readonly burstWindowMs: number;
  /** A burst never delays its first change longer than this. */
  readonly burstLimitMs: number;
  readonly minReloadIntervalMs: number;
  readonly removalDelayMs: number;
  /** Upper limit of the wait for siblings to come back after a reload. */
  readonly reestablishLimitMs: number;
  /** Wait after the first failure; doubles with each further one up to `backoffMaxMs`. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

/** What the running HAProxy says: `down` when its admin socket does not answer. */
export type Observed =
  | { readonly kind: 'down'; readonly why: string }
  | { readonly kind: 'up'; readonly state: PeersState | null };

/** What happened before, as the reconciler recorded it. Times are milliseconds since the epoch. */
export interface History {
  /** When the present set of changes was first seen, and when it last became another one. */
  readonly pendingSinceMs: number;
  readonly changedAtMs: number;
  /** Since when there has been something to remove, or to move that is not connected. */
  readonly lazySinceMs: number;
  readonly lastReloadAtMs: number | null;
  /** Members that were established just before the last reload. */
  readonly establishedBefore: readonly string[];
  readonly failures: number;
  readonly lastFailureAtMs: number | null;
}

export interface GateInput {
  readonly changes: PeersChanges;
  readonly reasons: readonly string[];
  readonly observed: Observed;
  readonly selfName: string;
  /** Names of the members that are there and not terminating. */
  readonly memberNames: ReadonlySet<string>;
  readonly history: History;
}

/** How often a state that HAProxy has to reach is looked at again, in milliseconds. */
const lookAgainMs = 200;

/**
 * May these changes be applied now? A reload at the wrong moment destroys the tables, so the worker that
 * would be replaced must have finished its own resync (docs/design.md, safety protocol). First the reasons
 * that forbid, then those that delay; the longest delay wins.
 */
export function gate(input: GateInput, settings: GateSettings, nowMs: number): Decision {
  if (!hasChanges(input.changes)) return { kind: 'none', reasons: ['nothing differs'] };
  const forbidden = forbids(input);
  if (forbidden !== null) return forbidden(nowMs);
  const delays = [
    lazily(input, settings, nowMs) ?? burst(input, settings, nowMs),
    reloadInterval(input, settings),
    reestablished(input, settings, nowMs),
    backoff(input, settings),
  ].filter((delay) => delay !== null && delay.untilMs > nowMs);
  const untilMs = Math.max(...delays.map((delay) => delay?.untilMs ?? 0));
  if (delays.length > 0) {
    return { kind: 'wait', untilMs, reasons: delays.map((delay) => delay?.reason ?? '') };
  }
  return { kind: 'apply', changes: input.changes, reasons: input.reasons };
}

function forbids(input: GateInput): ((nowMs: number) => Decision) | null {
  const { observed, selfName, changes } = input;
  if (observed.kind === 'down') {
    return (nowMs) => ({
      kind: 'wait',
      untilMs: nowMs + 5 * lookAgainMs,
      reasons: [`HAProxy does not answer: ${observed.why}`],
    });
  }
  const { state } = observed;
  if (state === null) {
    // HAProxy drops a section that lacks its own name, tables and all: adding the own entry is the cure.
    if (changes.create || changes.add.some((entry) => entry.name === selfName)) return null;
    return () => ({
      kind: 'hold',
      reasons: [
        `HAProxy runs without the section although the file has it: its localpeer is not ${selfName}`,
      ],
    });
  }
  if (state.localName !== selfName) {
    return () => ({
      kind: 'hold',
      reasons: [
        `HAProxy's localpeer is ${state.localName ?? 'not in the section'}, not ${selfName}`,
      ],
    });
  }
  if (state.resync === 'pending') {
    return (nowMs) => ({
      kind: 'wait',
      untilMs: nowMs + lookAgainMs,
      reasons: ['own resync is not finished'],
    });
  }
  if (state.resync === 'unknown') {
    return () => ({
      kind: 'hold',
      reasons: [
        '"show peers" of this HAProxy version cannot be read, so its resync may be unfinished',
      ],
    });
  }
  return null;
}

interface Delay {
  readonly untilMs: number;
  readonly reason: string;
}

function burst({ history }: GateInput, settings: GateSettings, nowMs: number): Delay | null {
  const limit = history.pendingSinceMs + settings.burstLimitMs;
  const untilMs = Math.min(history.changedAtMs + settings.burstWindowMs, limit);
  return untilMs > nowMs ? { untilMs, reason: 'more changes may follow' } : null;
}

function lazily(input: GateInput, settings: GateSettings, nowMs: number): Delay | null {
  const { changes, history, observed } = input;
  if (changes.create || changes.add.length > 0) return null;
  if (changes.remove.length === 0 && allEstablished(changes.update, observed)) {
    return {
      untilMs: nowMs + settings.removalDelayMs,
      reason: 'only moved peers, which are connected from their side',
    };
  }
  const untilMs = history.lazySinceMs + settings.removalDelayMs;
  if (untilMs <= nowMs) return null;
  return {
    untilMs,
    reason: 'only dead or moved peers, which do no harm: waiting for an addition to go with',
  };
}

/** A peer that has connected to us needs no right address in our section. */
function allEstablished(entries: readonly PeerEntry[], observed: Observed): boolean {
  const names = establishedNames(observed);
  return entries.every((entry) => names.has(entry.name));
}

/** Names of the remote peers with a live session. */
export function establishedNames(observed: Observed): ReadonlySet<string> {
  const peers = observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
  return new Set(peers.filter((peer) => peer.established).map((peer) => peer.name));
}

function reloadInterval({ history }: GateInput, settings: GateSettings): Delay | null {
  if (history.lastReloadAtMs === null) return null;
  return {
    untilMs: history.lastReloadAtMs + settings.minReloadIntervalMs,
    reason: 'the last reload is too recent',
  };
}

function reestablished(input: GateInput, settings: GateSettings, nowMs: number): Delay | null {
  const { history, observed, memberNames } = input;
  if (history.lastReloadAtMs === null || observed.kind === 'down') return null;
  const limit = history.lastReloadAtMs + settings.reestablishLimitMs;
  if (nowMs >= limit) return null;
  const established = establishedNames(observed);
  const missing = history.establishedBefore.filter(
    (name) => memberNames.has(name) && !established.has(name),
  );
  if (missing.length === 0) return null;
  return {
    untilMs: Math.min(nowMs + lookAgainMs, limit),
    reason: `not connected again since the last reload: ${missing.join(', ')}`,
  };
}

function backoff({ history }: GateInput, settings: GateSettings): Delay | null {
  if (history.failures === 0 || history.lastFailureAtMs === null) return null;
  const delay = Math.min(
    settings.backoffMinMs * 2 ** (history.failures - 1),
    settings.backoffMaxMs,
  );
  return {
    untilMs: history.lastFailureAtMs + delay,
    reason: `the last ${history.failures === 1 ? 'try' : `${history.failures} tries`} failed`,
  };
}
