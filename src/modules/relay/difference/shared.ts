import type { RecordOptions } from '../../../lesson/record.ts';
import type { Log } from '../../../log.ts';
import type { Compared } from '../pairing/beginning.ts';
import type { View } from '../pairing/view.ts';
import type { Desk } from './desk.ts';
import type { Learned, learnDifference } from './learn.ts';
import type { teach } from './teach.ts';
import type { Whole } from './whole.ts';

export interface DifferencesOptions {
  /** The uid of this pod. */
  readonly uid: string;
  /** Of the slot that lessons use. */
  readonly desk: Desk;
  /** A session with the own HAProxy on the slot for lessons. */
  readonly session: Omit<RecordOptions, 'signal'>;
  readonly view: () => View | null;
  /** For how long the own HAProxy has held all that there was to learn, in milliseconds. */
  readonly settledMs: () => number;
  /** Pods that have just joined are compared, too. Missing: they are not. */
  readonly joiners?: boolean;
  readonly log: Log;
  /** What is done in a lesson, on either side. */
  readonly learn: typeof learnDifference;
  readonly teach: typeof teach;
  /** A lesson has ended well. */
  readonly onLearned: (pod: string, lesson: Extract<Learned, { kind: 'learned' }>) => void;
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** What the session between the two HAProxys began with, of what ours has written itself. */
export interface SessionFrom {
  /** The last update of each table that it does not bring. */
  marks(): ReadonlyMap<string, number>;
  /** The other side says that its comparisons have come to an end. */
  compared(told: Compared): void;
}

/** What the lessons over all links share. */
export interface Shared extends DifferencesOptions {
  readonly stopped: AbortSignal;
  readonly whole: Whole;
  /** Waited for before the end. */
  run(what: Promise<unknown>): void;
}
