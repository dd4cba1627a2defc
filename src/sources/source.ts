import type { Membership } from '../model/membership.ts';

/**
 * A source of members. It provides snapshots, and an event only makes the reader look again, so lost, repeated or
 * reordered events have no effect.
 */
export interface Source {
  readonly name: string;
  /**
   * Starts to observe and returns at once. Observes until `signal` aborts. Failures of the origin are never thrown:
   * the source retries by itself and reports them in `snapshot().notes` and the log.
   */
  start(signal: AbortSignal): void;
  /** The members as they are known now. Cheap, synchronous, never throws. */
  snapshot(): Membership;
  /** Calls `poke` whenever `snapshot()` may have changed. */
  onChange(poke: () => void): void;
  /** Resolves once observing has ended after the abort, with no timer or socket left. */
  stopped(): Promise<void>;
}
