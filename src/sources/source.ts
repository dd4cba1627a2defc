import type { Membership } from '../model/membership.ts';

/**
 * Who is there. A source answers with snapshots; an event only pokes the reader to look again, so no
 * event can be lost, repeated or seen out of order with any effect.
 */
export interface Source {
  readonly name: string;
  /**
   * Begins to observe and returns at once. Observes until `signal` aborts; no fault of the origin ever
   * throws out of it: the source retries by itself and says so in `snapshot().notes` and in the log.
   */
  start(signal: AbortSignal): void;
  /** The members as they are known now. Cheap, synchronous, never throws. */
  snapshot(): Membership;
  /** Calls `poke` whenever `snapshot()` may have changed. */
  onChange(poke: () => void): void;
  /** Resolves once observing has ended after the abort, with no timer or socket left. */
  stopped(): Promise<void>;
}
