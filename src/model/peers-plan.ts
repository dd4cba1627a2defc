import type { PeersChanges } from './changes.ts';
import type { HoldCode } from './decision.ts';

/** What should change in the peers section, and why. */
export type PeersPlan =
  | {
      readonly kind: 'changes';
      readonly changes: PeersChanges;
      readonly reasons: readonly string[];
    }
  /** What is known does not allow to plan: nothing may be changed. */
  | { readonly kind: 'hold'; readonly code: HoldCode; readonly reasons: readonly string[] };
