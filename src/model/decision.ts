import type { PeersChanges } from './changes.ts';

/** What to do now, and why, in words for the log. */
export type Decision =
  | { readonly kind: 'none'; readonly reasons: readonly string[] }
  | {
      readonly kind: 'apply';
      readonly changes: PeersChanges;
      readonly reasons: readonly string[];
    }
  /** Right, but not yet: look again at `untilMs` (milliseconds since the epoch) or when something changes. */
  | { readonly kind: 'wait'; readonly untilMs: number; readonly reasons: readonly string[] }
  /** Not before somebody or something changes. */
  | { readonly kind: 'hold'; readonly reasons: readonly string[] };
