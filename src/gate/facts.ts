import type { Observed } from '../model/observed.ts';
import type { Request } from '../model/request.ts';
import type { ReloadHistory } from './history.ts';

export interface GateSettings {
  readonly minReloadIntervalMs: number;
  /** How long a request without hurry waits for another reload to go with. */
  readonly removalDelayMs: number;
  /** Wait after the first failure; doubles with each further one up to `backoffMaxMs`. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

/** What a module wants to change whose rules decide when: the members of the peers section. */
export interface Change {
  readonly reasons: readonly string[];
  /** Somebody is not ready before. */
  readonly joins: boolean;
}

export interface GateInput {
  /** Null: nothing differs. */
  readonly change: Change | null;
  /** What modules want a reload for beside it. */
  readonly requests: readonly Request[];
  readonly observed: Observed;
  readonly history: ReloadHistory;
}

/** Everything that a rule may look at, worked out once. */
export interface Facts extends GateInput {
  readonly settings: GateSettings;
  readonly nowMs: number;
  /** Why a reload is needed although the change is none; null: it is not. */
  readonly reloadFor: string | null;
  /** Why the worker is to be replaced without handing its tables over; null: it is not. */
  readonly hardReloadFor: string | null;
  /** When the first of the requests that wait for another reload has waited long enough; null: none waits. */
  readonly lazyUntilMs: number | null;
  /** Somebody is not ready before: one who joins, or this replica. */
  readonly hurried: boolean;
}

export function factsOf(input: GateInput, settings: GateSettings, nowMs: number): Facts {
  const { change, requests } = input;
  const lazyEnd = ({ sinceMs, urgency }: Request) =>
    urgency === 'lazy' ? sinceMs + settings.removalDelayMs : 0;
  const lazies = requests.filter((each) => lazyEnd(each) > nowMs);
  const due = requests.filter((each) => lazyEnd(each) <= nowMs);
  const hardReloadFor = reasonsOf(due, 'hard-reload');
  const isHurried = due.some(({ urgency }) => urgency === 'now');
  return {
    ...{ ...input, settings, nowMs, hardReloadFor },
    reloadFor: reasonsOf(due, 'reload'),
    lazyUntilMs: lazies.length === 0 ? null : Math.min(...lazies.map(lazyEnd)),
    hurried: change?.joins === true || hardReloadFor !== null || isHurried,
  };
}

function reasonsOf(requests: readonly Request[], wanted: Request['via']): string | null {
  const reasons = requests.filter(({ via }) => via === wanted).flatMap((each) => each.reasons);
  return reasons.length === 0 ? null : reasons.join('; ');
}
