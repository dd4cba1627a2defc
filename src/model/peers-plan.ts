import { noChanges, type PeersChanges } from './changes.ts';
import type { Decision, HoldCode } from './decision.ts';

/** What should change in the peers section, and why. */
export type PeersPlan =
  | {
      readonly kind: 'changes';
      readonly changes: PeersChanges;
      readonly reasons: readonly string[];
    }
  /** What is known does not allow to plan: nothing may be changed. */
  | { readonly kind: 'hold'; readonly code: HoldCode; readonly reasons: readonly string[] };

/** What of the plan the decision lets be made: a hard-reload changes nothing. */
export function changesOf(plan: PeersPlan, decision: Decision): PeersChanges {
  const isMade = decision.kind === 'apply' && decision.via === 'reload';
  return isMade && plan.kind === 'changes' ? plan.changes : noChanges;
}
