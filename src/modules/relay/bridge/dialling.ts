import { backoffMs } from '../../../model/backoff.ts';

export interface DialInput {
  /** Its `/status` says reload mode, or nothing of a mode; null: it has not answered. */
  readonly runs: 'reload' | 'relay' | 'no-haproxy' | null;
  /** There is a session with it, or a connection that becomes one. */
  readonly connected: boolean;
  /** Our HAProxy; null: it does not answer. */
  readonly own: { readonly learned: boolean } | null;
  /** Since when there has been none, and its HAProxy runs. */
  readonly apartSinceMs: number;
  /** Refused in a row, and when the last time. */
  readonly failures: number;
  readonly triedAtMs: number;
}

/**
 * HAProxy of a pod in reload mode connects by itself as soon as it knows us, unless it has just tried in vain: then after 5 s.
 * Two connections that cross cost both (relay fact R3), so it is given this time.
 */
export const graceMs = 1000;

/** When to connect to that pod, milliseconds; infinite: as long as nothing changes, not at all. */
export function dialAtMs({
  runs,
  connected,
  own,
  apartSinceMs,
  failures,
  triedAtMs,
}: DialInput): number {
  if (runs !== 'reload' || connected || own === null) return Number.POSITIVE_INFINITY;
  // HAProxy that has still to learn waits for 5 s, and each moment counts.
  const firstMs = own.learned ? apartSinceMs + graceMs : apartSinceMs;
  if (failures === 0) return firstMs;
  const capMs = own.learned ? 2000 : 200;
  return Math.max(firstMs, triedAtMs + backoffMs(failures, { baseMs: 100, capMs }));
}
