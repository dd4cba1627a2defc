import type { Observed } from '../model/observed.ts';
import type { Request } from '../model/request.ts';
import type { ReloadHistory } from './history.ts';

export interface GateSettings {
  readonly minReloadIntervalMs: number;
  /** How long a request that is not urgent waits for another reload. */
  readonly removalDelayMs: number;
  /** Wait after the first failure. It doubles with each further one, up to `backoffMaxMs`. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

/** The change of a module whose own rules decide about the time: the members of the peers section. */
export interface Change {
  readonly reasons: readonly string[];
  /** A pod cannot become ready before. */
  readonly joins: boolean;
}

export interface GateInput {
  /** Null: no difference. */
  readonly change: Change | null;
  /** Reloads that modules request for other reasons. */
  readonly requests: readonly Request[];
  readonly observed: Observed;
  readonly history: ReloadHistory;
}

/** The facts for all rules, computed once. */
export interface Facts extends GateInput {
  readonly settings: GateSettings;
  readonly nowMs: number;
  /** Why a reload is needed without a change; null: it is not. */
  readonly reloadFor: string | null;
  /** Why the worker must be replaced without handing over its tables; null: it need not. */
  readonly hardReloadFor: string | null;
  /** When the first waiting request has waited long enough for another reload; null: none waits. */
  readonly lazyUntilMs: number | null;
  /** A pod cannot become ready before: one that joins, or this replica. */
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
