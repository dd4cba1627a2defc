import type { Notice, NoticeReason } from '../model/notice.ts';

/** Times in milliseconds of a monotonic clock. */
export interface Series {
  /** Name of the Event object; null until the API server has it. */
  readonly name: string | null;
  readonly message: string;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** When it was last sent to the API server. */
  readonly sentAtMs: number;
}

export interface SeriesState {
  readonly series: ReadonlyMap<NoticeReason, Series>;
  /** Writes that may be made now, and since when that is so. */
  readonly tokens: number;
  readonly filledAtMs: number;
}

/** As client-go's recorder: at most 25 at once and then one in five minutes, one Event for the same within ten. */
export const seriesLimits = {
  windowMs: 10 * 60_000,
  /** The count of an Event is raised no more often than this. */
  raiseMs: 30_000,
  burst: 25,
  refillMs: 5 * 60_000,
} as const;

export type SeriesLimits = { readonly [K in keyof typeof seriesLimits]: number };

export function emptySeries(nowMs: number, limits: SeriesLimits = seriesLimits): SeriesState {
  return { series: new Map(), tokens: limits.burst, filledAtMs: nowMs };
}

export interface SeriesDecision {
  readonly state: SeriesState;
  /** `hold`: counted, and sent with the next one. */
  readonly send: 'create' | 'raise' | 'hold';
  readonly series: Series;
}

/** What to do with a notice: a new Event, a higher count of the one there is, or nothing yet. */
export function nextEvent(
  before: SeriesState,
  notice: Notice,
  nowMs: number,
  limits: SeriesLimits = seriesLimits,
): SeriesDecision {
  const filled = Math.floor((nowMs - before.filledAtMs) / limits.refillMs);
  const tokens = Math.min(limits.burst, before.tokens + filled);
  const filledAtMs = tokens === limits.burst ? nowMs : before.filledAtMs + filled * limits.refillMs;
  const known = before.series.get(notice.reason);
  const goesOn = known !== undefined && nowMs - known.lastAtMs < limits.windowMs;
  const { message } = notice;
  const counted: Series = goesOn
    ? { ...known, message, count: known.count + 1, lastAtMs: nowMs }
    : { name: null, message, count: 1, firstAtMs: nowMs, lastAtMs: nowMs, sentAtMs: 0 };
  const due = counted.name === null ? !goesOn || raiseDue(counted) : raiseDue(counted);
  const send = tokens > 0 && due ? (counted.name === null ? 'create' : 'raise') : 'hold';
  const series = send === 'hold' ? counted : { ...counted, sentAtMs: nowMs };
  const left = send === 'hold' ? tokens : tokens - 1;
  return {
    state: {
      series: new Map(before.series).set(notice.reason, series),
      tokens: left,
      filledAtMs,
    },
    send,
    series,
  };

  function raiseDue({ sentAtMs }: Series): boolean {
    return nowMs - sentAtMs >= limits.raiseMs;
  }
}

/** The API server has it under this name; null: it has it no more. */
export function named(state: SeriesState, reason: NoticeReason, name: string | null): SeriesState {
  const known = state.series.get(reason);
  if (known === undefined) return state;
  return { ...state, series: new Map(state.series).set(reason, { ...known, name }) };
}
