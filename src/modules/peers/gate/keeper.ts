import type { Question, ReloadGate } from '../../../engine/reload-gate.ts';
import type { Decision } from '../../../model/decision.ts';
import { stayingNames } from '../../../model/membership.ts';
import type { PeersGateSettings } from './facts.ts';
import { peersGate } from './gate.ts';
import { type HistoryEvent, noMemory, remember } from './history.ts';
import { siblingSessions } from './sibling-sessions.ts';

/** Time after a reload, in milliseconds, before the running worker is compared with the file. */
const settleMs = 2000;

export interface PeersGateOptions {
  readonly settings: PeersGateSettings;
  readonly selfName: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The wall clock, in milliseconds since the epoch, nearly the same on all siblings. Default: `now`. */
  readonly wallNow?: (() => number) | undefined;
  /** Since when a lesson is given or taken, as `now` has it; null: none is. Default: there are none. */
  readonly lessonSinceMs?: (() => number | null) | undefined;
}

/** The gate by the rules of the peers, with its memory. */
export function createPeersGate(options: PeersGateOptions): ReloadGate {
  const { settings, selfName, now, wallNow = now } = options;
  let memory = noMemory;
  const happened = (event: HistoryEvent) => {
    memory = remember(memory, event, now());
  };

  /** Right after our own reload the old worker may still be the one that answers. */
  function notLoadedOf({ unknown, observed }: Question): readonly string[] {
    const { lastReloadAtMs } = memory.history;
    const isRecent = lastReloadAtMs !== null && now() < lastReloadAtMs + settleMs;
    if (unknown === null || isRecent) return [];
    if (observed.kind === 'down' || observed.state === null) return [];
    happened({ kind: 'not-loaded', names: unknown });
    return unknown;
  }

  function decide(question: Question): Decision {
    const { plan, membership, observed, requests } = question;
    if (plan.kind === 'hold') {
      happened({ kind: 'no-change' });
      happened({ kind: 'blocked' });
      return { kind: 'hold', reasons: plan.reasons, codes: [plan.code] };
    }
    happened({ kind: 'planned', changes: plan.changes, observed });
    const notLoaded = notLoadedOf(question);
    const input = {
      ...{ changes: plan.changes, reasons: plan.reasons, observed, selfName, requests, notLoaded },
      memberNames: stayingNames(membership),
      allNames: new Set(membership.members.map(({ name }) => name)),
      awaited: membership.awaited,
      lessonSinceMs: options.lessonSinceMs?.() ?? null,
      history: memory.history,
      wallAheadMs: wallNow() - now(),
    };
    const decision = peersGate(input, settings, now());
    happened({ kind: 'decided', decision });
    return decision;
  }

  return {
    decide,
    happened,
    siblingsThere(observed, membership) {
      const names = stayingNames(membership);
      const { missing, behind } = siblingSessions(observed, memory.history, names, settings);
      return missing.length === 0 && behind.length === 0;
    },
  };
}
