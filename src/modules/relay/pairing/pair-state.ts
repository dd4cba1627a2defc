import { mayPair } from './first-leg.ts';
import type { Message } from './messages.ts';
import type { View } from './view.ts';

/**
 * The session between two HAProxy, as one of the two sidecars sees it. It is made in rounds, which the lead begins: the leg
 * of one side is opened, then that of the other, then both are spliced. Whatever ends it ends the round on both sides.
 */
export interface Pair {
  /** This side begins the rounds: the one with the lower uid. */
  readonly lead: boolean;
  readonly mine: View | null;
  readonly theirs: View | null;
  /** The last one that this side has heard of; 0: none. */
  readonly round: number;
  readonly phase: /** No round: the lead waits until both HAProxy answer, one of them can teach, and until `dueAtMs`. */
    | 'idle'
    /** The own leg is being opened, as the first one. */
    | 'opening-first'
    /** The own leg is open, and the other side opens its own. */
    | 'up-first'
    /** The other side opens its leg first. */
    | 'awaiting-first'
    /** The other side's leg is open, and the own one is being opened. */
    | 'opening-second'
    /** Both are open, and what one sends the other gets. */
    | 'paired';
  /** When the lead begins the next round, or gives this one up; milliseconds, monotonic. */
  readonly dueAtMs: number;
  /** Rounds in a row that came to nothing. */
  readonly failures: number;
  readonly pairedAtMs: number;
  /** The other side has said so with the leg of this round: as `beats` of its message. */
  readonly beats: boolean;
}

export type PairEvent =
  | { readonly kind: 'mine'; readonly view: View | null }
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'leg-up'; readonly round: number }
  /** It could not be opened, or has ended. */
  | { readonly kind: 'leg-down'; readonly round: number; readonly why: string }
  /** This side wants another session, for what the next one is to begin with. */
  | { readonly kind: 'again'; readonly why: string }
  | { readonly kind: 'time' };

export type PairEffect =
  | { readonly kind: 'send'; readonly message: Message }
  | { readonly kind: 'open'; readonly round: number; readonly theirs: View }
  | { readonly kind: 'splice'; readonly round: number; readonly beats: boolean }
  /** Closes the leg, and ends the splice. */
  | { readonly kind: 'close'; readonly round: number; readonly why: string };

export interface Step {
  readonly pair: Pair;
  readonly effects: readonly PairEffect[];
}

export function createPair(lead: boolean): Pair {
  return {
    ...{ lead, mine: null, theirs: null, round: 0, phase: 'idle' },
    ...{ dueAtMs: 0, failures: 0, pairedAtMs: 0, beats: false },
  };
}

/** When `time` is next due; infinite: not by itself. */
export function dueAtMs({ lead, phase, dueAtMs: due, mine, theirs }: Pair): number {
  if (!lead || phase === 'paired') return Number.POSITIVE_INFINITY;
  if (phase !== 'idle') return due;
  return mine !== null && theirs !== null && mayPair(mine, theirs) ? due : Number.POSITIVE_INFINITY;
}
