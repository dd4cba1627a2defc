import type { Decision } from '../model/decision.ts';
import type { Membership } from '../model/membership.ts';
import type { Observed } from '../model/observed.ts';
import type { PeersPlan } from '../model/peers-plan.ts';
import type { Request } from '../model/request.ts';

/** What is to be decided in one pass. */
export interface Question {
  readonly plan: PeersPlan;
  readonly membership: Membership;
  readonly observed: Observed;
  /** What modules want a reload for. */
  readonly requests: readonly Request[];
  /** Members that are written, and that somebody else is to load: the worker does not know them. Null: it is ours to load. */
  readonly unknown: readonly string[] | null;
}

/** What became of a decision, or of the pass. */
export type Outcome =
  /** What was wanted is made, or can be made by nobody. */
  | { readonly kind: 'no-change' }
  /** No decision was reached: something is in the way of a reload. */
  | { readonly kind: 'blocked' }
  | { readonly kind: 'reloaded'; readonly observed: Observed }
  | { readonly kind: 'failed' }
  | { readonly kind: 'succeeded' };

/** May HAProxy be reloaded now? It remembers what it was asked, and what came of it. */
export interface ReloadGate {
  decide(question: Question): Decision;
  happened(outcome: Outcome): void;
  /** Are all siblings that were met there, with what was written here? */
  siblingsThere(observed: Observed, membership: Membership): boolean;
}
