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
  /** Replicas that were connected before reload one after another, this far apart, ... */
  readonly staggerMs: number;
  /** ... and all of them within this, which is also how long one waits for another to be connected again. */
  readonly staggerLimitMs: number;
  /** Updates that a connected sibling may not have been sent yet: more are a backlog, fewer are on their way. */
  readonly behindUpdates: number;
  /** Entries that a worker hands over to the next one in a second. */
  readonly handoverRate: number;
  /** Updates that a sibling takes over in a second, at least, also while it is busy with its own tables. */
  readonly updateRate: number;
  /** Upper limit of the wait for siblings to come back after a reload. */
  readonly reestablishLimitMs: number;
  /** How long somebody else may take to reload what is written already. */
  readonly unloadedLimitMs: number;
}

/** What happened before, as far as the rules of the peers have to know of it. */
export interface History extends ReloadHistory {
  /** Since when there has been somebody to add: a dead peer, which waits for that, does not begin a burst. */
  readonly joinSinceMs: number;
  /** When the present set of changes last became another one. */
  readonly changedAtMs: number;
  /** Since when there has been something to remove, or to move that is not connected. */
  readonly lazySinceMs: number;
  /** Since when HAProxy runs without the `notLoaded` of now. */
  readonly notLoadedSinceMs: number;
  /** When the youngest session had begun when the present set of changes last became another one. */
  readonly lastSessionAtMs: number;
  /** Members that were established just before the last reload. */
  readonly establishedBefore: readonly string[];
  /** Everybody who has ever been established since this program started. */
  readonly met: ReadonlySet<string>;
  /** When siblings that were away or behind were last waited for. */
  readonly siblingWaitMs: number | null;
  /** Since when nothing but the turn is left to wait for; null: something else was at the last look. */
  readonly dueMs: number | null;
  /** The end that the last wait foretold; infinite where it could not, be it that no reload was wanted. */
  readonly blockedUntilMs: number;
  /** How many turns in a row were missed, because nobody looked in time. */
  readonly missedTurns: number;
}

export interface PeersGateInput {
  readonly changes: PeersChanges;
  readonly reasons: readonly string[];
  readonly observed: Observed;
  readonly selfName: string;
  /** Names of the members that are there and not terminating. */
  readonly memberNames: ReadonlySet<string>;
  /** Names of all members, who reload until they are gone; missing: nobody terminates. */
  readonly allNames?: ReadonlySet<string>;
  /** How many more pods are about to get an address. */
  readonly awaited: number;
  readonly history: History;
  /** What modules want a reload for beside the section; missing: nothing. */
  readonly requests?: readonly Request[];
  /** How far the date is ahead of the clock of `now`, in milliseconds; missing: they are one. */
  readonly wallAheadMs?: number;
  /** Members that the file has and the running worker has not; see model/not-loaded.ts. */
  readonly notLoaded?: readonly string[];
}

/** Everything that a rule of the peers may look at, worked out once. */
export interface PeersFacts extends Facts, Required<PeersGateInput> {
  readonly requests: readonly Request[];
  readonly observed: Observed;
  readonly history: History;
  readonly settings: PeersGateSettings;
  /** Why HAProxy is to be reloaded with the section as it is. */
  readonly notLoadedFor: string | null;
  /** Somebody waits to be let in. */
  readonly joins: boolean;
  /** What HAProxy shows of the section; null where it does not answer, or runs without it. */
  readonly state: PeersState | null;
  /** Names of the peers with a live session. */
  readonly established: ReadonlySet<string>;
  /** How long a worker with our tables is busy after a reload; siblings have the same tables. */
  readonly handoverMs: number;
}

export function peersFactsOf(
  input: PeersGateInput,
  settings: PeersGateSettings,
  nowMs: number,
): PeersFacts {
  const { changes, reasons, observed, notLoaded = [], wallAheadMs = 0, requests = [] } = input;
  const joins = someoneJoins(changes);
  const change = hasChanges(changes) ? { reasons, joins } : null;
  const facts = factsOf({ ...input, requests, change }, settings, nowMs);
  const state = observed.kind === 'up' ? observed.state : null;
  const notLoadedFor =
    notLoaded.length === 0
      ? null
      : `haproxy.cfg has ${notLoaded.join(', ')}, and HAProxy has not loaded it`;
  return {
    ...{ ...input, ...facts, settings, history: input.history, notLoaded, wallAheadMs, joins },
    allNames: new Set([...(input.allNames ?? input.memberNames), input.selfName]),
    reloadFor: facts.reloadFor ?? notLoadedFor,
    notLoadedFor,
    state,
    established: establishedNames(observed),
    handoverMs: ((state?.entries ?? 0) / settings.handoverRate) * 1000,
  };
}
