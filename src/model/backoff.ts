export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** How much longer each wait is than the one before. Default 2. */
  readonly factor?: number;
}

/**
 * Milliseconds before the next try after `failures` in a row: ever longer, capped. `random` (0 to 1) makes it 50 to 100 % of
 * that, where many would try at once; without it, it is all of it.
 */
export function backoffMs(
  failures: number,
  { baseMs, capMs, factor = 2 }: BackoffOptions,
  random = 1,
): number {
  const full = Math.min(capMs, baseMs * factor ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + random / 2));
}
