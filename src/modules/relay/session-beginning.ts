import { startTimer } from '../../clock.ts';
import {
  type Beginning,
  beginning,
  type Compared,
  comparedWithinMs,
  type Marked,
  type Marks,
  needsMarks,
  onCompared,
  onPaired,
} from './pairing/beginning.ts';
import type { View } from './pairing/view.ts';

export interface SessionBeginningOptions {
  /** The two are compared when there is a session. */
  readonly willCompare: () => boolean;
  /** The other side has got what was before the marks. */
  readonly onWhole: () => void;
  /** Another session is needed. */
  readonly again: (why: string) => void;
}

/** What the sessions over one link begin with, as `pairing/beginning.ts` decides. */
export interface SessionBeginning {
  /** `marks`: what our HAProxy has written itself so far; null: it does not say. Never rejects. */
  of(mine: View, theirs: View, marks: () => Promise<Marks | null>): Promise<Beginning>;
  paired(): void;
  /** By table: the last update that the session does not bring, which a comparison is to bring. */
  marks(): ReadonlyMap<string, number>;
  compared(told: Compared): void;
  stop(): void;
}

export function createSessionBeginning(options: SessionBeginningOptions): SessionBeginning {
  let marked: Marked | null = null;
  let stopTimer = () => {};

  function compared(told: Compared): void {
    const before = marked;
    const decided = onCompared(marked, told);
    ({ marked } = decided);
    if (marked === before) return;
    stopTimer();
    if (decided.why === null) options.onWhole();
    else options.again(decided.why);
  }

  return {
    async of(mine, theirs, readMarks) {
      const input = { mine, theirs, marked, willCompare: options.willCompare() };
      const marks = needsMarks(input) ? await readMarks() : null;
      const decided = beginning({ ...input, marked, marks });
      ({ marked } = decided);
      return decided.begins;
    },
    paired() {
      marked = onPaired(marked);
      stopTimer();
      if (marked?.state.kind !== 'open') return;
      const why = `not compared within ${comparedWithinMs / 1000} s`;
      stopTimer = startTimer(() => compared({ left: [], why }), comparedWithinMs);
    },
    marks() {
      if (marked?.state.kind !== 'open') return new Map();
      return new Map([...marked.marks].map(([name, { last }]) => [name, last]));
    },
    compared,
    stop: () => stopTimer(),
  };
}
