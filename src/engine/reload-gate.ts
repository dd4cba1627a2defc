import type { Decision } from '../model/decision.ts';
import type { Membership } from '../model/membership.ts';
import type { Observed } from '../model/observed.ts';
import type { PeersPlan } from '../model/peers-plan.ts';
import type { Request } from '../model/request.ts';

/** The input for the decision of one pass. */
export interface Question {
  readonly plan: PeersPlan;
  readonly membership: Membership;
  readonly observed: Observed;
  /** Reloads that modules request. */
  readonly requests: readonly Request[];
  /**
   * Members that are written but not known to the worker, and that another program is to load. Null: this program must
   * load them.
   */
  readonly unknown: readonly string[] | null;
}

/** The outcome of a decision, or of the pass. */
export type Outcome =
  /** The change is made, or cannot be made. */
  | { readonly kind: 'no-change' }
  /** No decision was made, because something prevents a reload. */
  | { readonly kind: 'blocked' }
  | { readonly kind: 'reloaded'; readonly observed: Observed }
  | { readonly kind: 'failed' }
  | { readonly kind: 'succeeded' };

/** Decides whether HAProxy may be reloaded now. It remembers earlier questions and their outcome. */
export interface ReloadGate {
  decide(question: Question): Decision;
  happened(outcome: Outcome): void;
  /** Whether all siblings that were connected before are connected, and have received what was written here. */
  siblingsThere(observed: Observed, membership: Membership): boolean;
}
