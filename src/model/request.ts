/**
 * How long it may wait for other requests: `now`: a pod waits for it; `burst`: until the current burst of changes is
 * over; `lazy`: as long as a removal.
 */
export type Urgency = 'now' | 'burst' | 'lazy';

/** A reload that a module asks the gate for. The peers section has more to say, and asks with its changes. */
export interface Request {
  readonly module: string;
  readonly urgency: Urgency;
  /** A reload hands the tables over to the new worker, a hard-reload does not. */
  readonly via: 'reload' | 'hard-reload';
  /** Milliseconds, monotonic: since when it has been wanted. */
  readonly sinceMs: number;
  readonly reasons: readonly string[];
}
