export interface DueInput {
  /** This replica may be asked for its tables: it is ready, and its resync is over. */
  readonly ready: boolean;
  /** `takesSnapshots`. */
  readonly isTaker: boolean;
  /** This pod is about to go, and has not been asked since that is known: it may be the last chance. */
  readonly isLast: boolean;
  /** Milliseconds, monotonic, when the last attempt began, of whatever outcome; null: there was none. */
  readonly lastBegunMs: number | null;
  readonly intervalMs: number;
}

export type Due = { readonly take: true } | { readonly take: false; readonly why: string };

/** Whether a snapshot is taken now, a moment of the monotonic clock. */
export function snapshotDue(input: DueInput, nowMs: number): Due {
  const { ready, isTaker, isLast, lastBegunMs, intervalMs } = input;
  if (!ready) return { take: false, why: 'this replica is not ready' };
  if (!isTaker) return { take: false, why: 'another replica takes them' };
  if (isLast) return { take: true };
  if (lastBegunMs !== null && nowMs - lastBegunMs < intervalMs)
    return { take: false, why: 'the interval is not over' };
  return { take: true };
}
