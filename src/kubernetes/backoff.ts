export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
}

/** Milliseconds before the next try after `failures` in a row: doubling, capped, then 50 to 100 % of it by `random` (0..1). */
export function backoffMs(
  failures: number,
  { baseMs, capMs }: BackoffOptions,
  random: number,
): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + random / 2));
}
