/** The reloads so far. Times are milliseconds of a clock that only goes forward. */
export interface ReloadHistory {
  /** The last reload by this program. */
  readonly lastReloadAtMs: number | null;
  /** Failed attempts in a row, and the last of them. */
  readonly failures: number;
  readonly lastFailureAtMs: number | null;
}

export type ReloadEvent = 'reloaded' | 'failed' | 'succeeded';

export const noReloads: ReloadHistory = {
  lastReloadAtMs: null,
  failures: 0,
  lastFailureAtMs: null,
};

/** Pure: the history after one more event. */
export function reloadsAfter(
  { failures }: ReloadHistory,
  event: ReloadEvent,
  nowMs: number,
): Partial<ReloadHistory> {
  switch (event) {
    case 'reloaded':
      return { lastReloadAtMs: nowMs };
    case 'failed':
      return { failures: failures + 1, lastFailureAtMs: nowMs };
    case 'succeeded':
      return { failures: 0, lastFailureAtMs: null };
  }
}
