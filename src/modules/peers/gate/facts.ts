import { type Facts, factsOf, type GateSettings } from '../../../gate/facts.ts';
import type { ReloadHistory } from '../../../gate/history.ts';
import { hasChanges, type PeersChanges, someoneJoins } from '../../../model/changes.ts';
import { establishedNames, type Observed } from '../../../model/observed.ts';
import type { PeersState } from '../../../model/peers-state.ts';
import type { Request } from '../../../model/request.ts';

export interface PeersGateSettings extends GateSettings {
  readonly burstWindowMs: number;
  /** A burst never delays its first change longer than this. */
  readonly burstLimitMs: number;
  /** Connected replicas reload one after another, this far apart, ... */
  readonly staggerMs: number;
  /**
   * ... and all of them within this time, which is also the limit for waiting until another one is connected again.
   */
  readonly staggerLimitMs: number;
  /** Updates that may still be unsent to a connected sibling. Fewer are on their way, more are a backlog. */
  readonly behindUpdates: number;
  /** Entries a second that a worker hands over to the next one. */
  readonly handoverRate: number;
  /** Updates a second that a sibling takes at least, even while it is busy with its own tables. */
  readonly updateRate: number;
  /** Limit for waiting until siblings are back after a reload. */
  readonly reestablishLimitMs: number;
  /** How long another program may take to reload what is already written. */
  readonly unloadedLimitMs: number;
}

/** The past, as far as the rules of the peers need it. */
export interface History extends ReloadHistory {
  /** Since when a peer waits to be added. A dead peer, which waits for an addition, does not begin a burst. */
  readonly joinSinceMs: number;
  /** When the set of planned changes last changed. */
  readonly changedAtMs: number;
  /** Since when there is something to remove, or a peer to move that is not connected. */
  readonly lazySinceMs: number;
  /** Since when HAProxy runs without the current `notLoaded`. */
  readonly notLoadedSinceMs: number;
  /** When the youngest session had begun at the moment the set of changes last changed. */
  readonly lastSessionAtMs: number;
  /** Members that were established just before the last reload. */
  readonly establishedBefore: readonly string[];
  /** All members that were ever established since this program started. */
  readonly met: ReadonlySet<string>;
  /** When the replica last waited for siblings that were away or behind. */
  readonly siblingWaitMs: number | null;
  /** Since when only the turn is left to wait for; null: at the last check there was another reason. */
  readonly dueMs: number | null;
  /** The end that the last wait predicted; infinite if it had none, or if no reload was wanted. */
  readonly blockedUntilMs: number;
  /** How many turns in a row were missed because the check came too late. */
  readonly missedTurns: number;
}

export interface PeersGateInput {
  readonly changes: PeersChanges;
  readonly reasons: readonly string[];
  readonly observed: Observed;
  readonly selfName: string;
  /** Names of the members that are not terminating. */
  readonly memberNames: ReadonlySet<string>;
  /** Names of all members, which reload until they are gone; missing: none is terminating. */
  readonly allNames?: ReadonlySet<string>;
  /** How many more pods are about to get an address. */
  readonly awaited: number;
  readonly history: History;
  /** Reloads that modules request for other reasons than the section; missing: none. */
  readonly requests?: readonly Request[];
  /** How far the wall clock is ahead of the clock of `now`, in milliseconds; missing: they are the same. */
  readonly wallAheadMs?: number;
  /** Members that are in the file but not in the running worker; see model/not-loaded.ts. */
  readonly notLoaded?: readonly string[];
  /** Since when a lesson is given or taken; missing or null: none is. */
  readonly lessonSinceMs?: number | null;
}

/** The facts for the rules of the peers, computed once. */
export interface PeersFacts extends Facts, Required<PeersGateInput> {
  readonly requests: readonly Request[];
  readonly observed: Observed;
  readonly history: History;
  readonly settings: PeersGateSettings;
  /** Why HAProxy must be reloaded although the section does not change. */
  readonly notLoadedFor: string | null;
  /** A peer waits to be added. */
  readonly joins: boolean;
  /** HAProxy's state of the section; null if it does not answer, or runs without the section. */
  readonly state: PeersState | null;
  /** Names of the peers with a live session. */
  readonly established: ReadonlySet<string>;
  /** How long a worker with these tables is busy after a reload. Siblings have the same tables. */
  readonly handoverMs: number;
}

export function peersFactsOf(
  input: PeersGateInput,
  settings: PeersGateSettings,
  nowMs: number,
): PeersFacts {
  const { changes, reasons, observed, notLoaded = [], wallAheadMs = 0, requests = [] } = input;
  const { lessonSinceMs = null } = input;
  const joins = someoneJoins(changes);
  const change = hasChanges(changes) ? { reasons, joins } : null;
  const facts = factsOf({ ...input, requests, change }, settings, nowMs);
  const state = observed.kind === 'up' ? observed.state : null;
  const notLoadedFor =
    notLoaded.length === 0
      ? null
      : `haproxy.cfg has ${notLoaded.join(', ')}, and HAProxy has not loaded it`;
  return {
    ...{
      ...input,
      ...facts,
      settings,
      history: input.history,
      notLoaded,
      wallAheadMs,
      joins,
      lessonSinceMs,
    },
    allNames: new Set([...(input.allNames ?? input.memberNames), input.selfName]),
    reloadFor: facts.reloadFor ?? notLoadedFor,
    notLoadedFor,
    state,
    established: establishedNames(observed),
    handoverMs: ((state?.entries ?? 0) / settings.handoverRate) * 1000,
  };
}
