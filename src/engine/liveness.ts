/** Whether the program works, and why not. */
export interface Liveness {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

/**
 * A pass that takes longer is stuck. The longest one reads and commits four times each, with 35 s more for a commit.
 */
const stuckMs = 10 * 60_000;
/** How many calls of the Data Plane API wait for their timeout in one pass, at most. */
const calls = 40;

/**
 * `overdueMs`: how long a pass has been running, or is overdue. A planned pause does not count, however long it is.
 */
export function liveness(overdueMs: number, callTimeoutMs: number): Liveness {
  const ok = overdueMs <= Math.max(stuckMs, calls * callTimeoutMs);
  return { ok, reasons: ok ? [] : [`no pass has ended for ${Math.round(overdueMs / 1000)} s`] };
}
