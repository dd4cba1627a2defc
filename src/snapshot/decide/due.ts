export interface DueInput {
  /** This replica may be asked for its tables: it is ready, and its resync is over. */
  readonly ready: boolean;
  /** `takesSnapshots`. */
  readonly isTaker: boolean;
  /** Entries in all shared tables; null: not known. */
  readonly entries: number | null;
  /** Milliseconds, monotonic, when the last attempt began, of whatever outcome; null: there was none. */
  readonly lastBegunMs: number | null;
  readonly intervalMs: number;
}

export type Due = { readonly take: true } | { readonly take: false; readonly why: string };

/** Whether a snapshot is taken now, a moment of the monotonic clock. */
export function snapshotDue(input: DueInput, nowMs: number): Due {
  const { ready, isTaker, entries, lastBegunMs, intervalMs } = input;
  if (!ready) return { take: false, why: 'this replica is not ready' };
  if (!isTaker) return { take: false, why: 'another replica takes them' };
  // It would crowd out those that hold something.
  if (entries === 0) return { take: false, why: 'the tables are empty' };
  if (entries === null) return { take: false, why: 'not known how many entries there are' };
  if (lastBegunMs !== null && nowMs - lastBegunMs < intervalMs)
    return { take: false, why: 'the interval is not over' };
  return { take: true };
}
