import { type Lesson, lesson, owesLesson } from './lessons.ts';
import type { View } from './view.ts';

/** What our HAProxy owes the other one over one link. */
export interface Debt {
  /** A session is about to begin. */
  begin(mine: View, asked: string | null): Lesson;
  paired(): void;
  ended(): void;
  /** The session that there is did not begin with the lesson that is due. */
  isDue(mine: View): boolean;
}

/** A lesson of a million entries takes about a second. One that was cut off within this time is given again. */
const lessonMs = 30_000;

/**
 * A debt is paid when a session lasts that began with a lesson, or that needed none: one that began while our HAProxy was still
 * taking over its tables pays nothing.
 */
export function createDebt(now: () => number): Debt {
  /** The own worker that the other side has got everything of. */
  let paid: string | null = null;
  let session: {
    readonly worker: string;
    readonly taught: boolean;
    sinceMs: number | null;
  } | null = null;

  return {
    begin(mine, asked) {
      const decided = lesson({ mine, before: paid, asked });
      const pays = decided.teach || !owesLesson(paid, mine);
      session = pays ? { worker: mine.worker, taught: decided.teach, sinceMs: null } : null;
      return decided;
    },
    paired() {
      if (session === null) return;
      session.sinceMs = now();
      if (!session.taught) paid = session.worker;
    },
    ended() {
      if (session?.taught && session.sinceMs !== null && now() - session.sinceMs >= lessonMs)
        paid = session.worker;
      session = null;
    },
    isDue: (mine) => session?.worker !== mine.worker && owesLesson(paid, mine),
  };
}
