import { backoffMs } from '../../../model/backoff.ts';

/** What came of dialling one member. */
export interface Tries {
  /** In a row. */
  readonly failures: number;
  /** Not before this moment. */
  readonly nextAtMs: number;
  /** Since when the member is known by this uid and address. */
  readonly knownSinceMs: number;
  /** By which uid and address. */
  readonly key: string;
}

/** Why there is no link any more, or none came to be. */
export type Outcome =
  /** The machine is there, or is about to be, and nobody listens. */
  | { readonly kind: 'nobody-listens' }
  | { readonly kind: 'failed' }
  /** Another connection was to be the link. */
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'link-ended'; readonly livedMs: number };

const pace = { baseMs: 50, capMs: 2000 };

/** A member that nobody listens at yet is dialled this often, in milliseconds, for so long. */
const startingPaceMs = 100;
const startingForMs = 60_000;

/** A link that ends sooner has failed: who is thrown out again and again must not dial without a pause. */
const provenMs = 5000;

/**
 * Of two sidecars that hear of each other, the one with the higher name leaves the first dial to the other for so long: a
 * handshake done twice is done in vain.
 */
const patienceMs = 100;

/** For how long a sidecar leaves the first dial to that member. */
export function patienceWith(selfName: string, name: string): number {
  return selfName > name ? patienceMs : 0;
}

/** The next tries, in milliseconds from now, and the failures in a row. `random` is 0 to 1. */
export function retry(
  { failures, knownSinceMs }: Tries,
  outcome: Outcome,
  nowMs: number,
  random: number,
): { readonly failures: number; readonly inMs: number } {
  switch (outcome.kind) {
    case 'duplicate':
      return { failures, inMs: backoffMs(2, pace, random) };
    case 'link-ended': {
      // Both sides may dial: not in the same moment.
      if (outcome.livedMs >= provenMs) return { failures: 0, inMs: random * pace.baseMs };
      return { failures: failures + 1, inMs: backoffMs(failures + 1, pace, random) };
    }
    case 'nobody-listens': {
      const inMs = backoffMs(failures + 1, pace, random);
      const starting = nowMs - knownSinceMs < startingForMs;
      return { failures: failures + 1, inMs: starting ? Math.min(inMs, startingPaceMs) : inMs };
    }
    case 'failed':
      return { failures: failures + 1, inMs: backoffMs(failures + 1, pace, random) };
  }
}

/**
 * The tries of a member as it is known now: one that has another uid or address begins anew, `inMs` from now, in
 * milliseconds.
 */
export function triesOf(
  { uid, address }: { readonly uid?: string | undefined; readonly address: string },
  known: Tries | undefined,
  nowMs: number,
  inMs: number,
): Tries {
  const key = `${uid ?? ''} ${address}`;
  if (known?.key === key) return known;
  return { failures: 0, nextAtMs: nowMs + inMs, knownSinceMs: nowMs, key };
}
