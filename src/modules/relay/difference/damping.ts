/** The reasons for a comparison over one link that came one after the other. */
export interface Reasons {
  /** Each came less than `calmMs` after the one before. */
  readonly inRow: number;
  /** When the last one came. */
  readonly lastMs: number;
  /** When the comparison for it begins. */
  readonly dueMs: number;
  /** Since when it has been due, however often it was put off. */
  readonly openMs: number;
}

export interface Damped {
  readonly reasons: Reasons;
  readonly afterMs: number;
  /** Why it waits for longer than it would; null: it does not. */
  readonly why: string | null;
}

/** Without a reason for so long, the next one is the first one again. */
export const calmMs = 120_000;
/** A rollout, and a reload or two of somebody, are as quick as ever. */
export const atOnce = 3;
const baseMs = 5000;
/** The longest a comparison waits because of reasons that go on. */
export const damped = { atMostMs: 60_000 } as const;

/**
 * When to compare for a reason that would have it done after `afterMs`: each comparison reads all entries of two HAProxys, so of reasons
 * that do not end, several have one together. None is left without. `nowMs` is monotonic, all in milliseconds.
 */
export function dampen(before: Reasons | null, afterMs: number, nowMs: number): Damped {
  const inRow = before !== null && nowMs - before.lastMs < calmMs ? before.inRow + 1 : 1;
  const openMs = before !== null && nowMs < before.dueMs ? before.openMs : nowMs;
  const more = inRow <= atOnce ? 0 : baseMs * 2 ** Math.min(inRow - atOnce - 1, 10);
  const latestMs = Math.max(nowMs + afterMs, openMs + damped.atMostMs);
  const dueMs = Math.min(nowMs + afterMs + more, latestMs);
  const waitsMs = dueMs - nowMs;
  const why = `${inRow} reasons to compare, each within ${calmMs / 1000} s of the one before: waits for ${Math.ceil(waitsMs / 1000)} s`;
  return {
    reasons: { inRow, lastMs: nowMs, dueMs, openMs },
    afterMs: waitsMs,
    why: waitsMs > afterMs ? why : null,
  };
}
