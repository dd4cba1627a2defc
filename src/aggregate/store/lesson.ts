import { partWords } from './parts.ts';
import type { Store } from './store.ts';

export interface LessonRuns {
  /** That of the lesson. */
  readonly staged: number;
  /** What its parts belong to from now on. */
  readonly own: number;
  /** The flush that is next. */
  readonly sequence: number;
}

/**
 * A lesson of the own HAProxy is over: for a row, what it has brought counts. What was known already stays as it was told; of what it
 * has not brought HAProxy has nothing any more, so it becomes zero until it expires, for an older message to find something newer.
 */
function settleRow(store: Store, row: number, runs: LessonRuns, now: number): void {
  const { staged, own, sequence } = runs;
  const { parts } = store;
  const came = store.partOf(row, staged);
  const known = store.partOf(row, own);
  const isOfLesson = came !== -1 && parts.rows.get(came, partWords.run) === staged;
  if (isOfLesson) {
    const words = parts.valuesOf(came);
    const expiry = parts.rows.get(came, partWords.expiry);
    if (known === -1 || !parts.isSame(came, known)) {
      store.drop(row, came);
      store.set(row, { run: own, sequence, expiry, words }, now);
      store.own.add(row);
      return;
    }
    parts.rows.set(known, partWords.expiry, expiry);
    store.soon(row, known, now);
  } else if (known !== -1 && parts.rows.get(known, partWords.run) !== own) {
    const words = parts.valuesOf(known).fill(0);
    const expiry = parts.rows.get(known, partWords.expiry);
    store.set(row, { run: own, sequence, expiry, words }, now);
    store.own.add(row);
  }
  if (came !== -1) store.drop(row, came);
}

/** The end of a lesson, row by row. */
export interface Settling {
  /** HAProxy has changed this row since: what the lesson has brought for it is dealt with before. */
  before(of: Store, row: number, now: number): void;
  /** At most `limit` rows more; true: it is done. */
  step(limit: number, now: number): boolean;
}

export function createSettling(store: Store, runs: LessonRuns): Settling {
  const early = new Set<number>();
  let at = 0;
  return {
    before(of, row, now) {
      if (of !== store || row < at || early.has(row)) return;
      early.add(row);
      settleRow(store, row, runs, now);
    },
    step(limit, now) {
      const end = Math.min(at + limit, store.keys.rows.high);
      for (; at < end; at++)
        if (store.keys.isUsed(at) && !early.has(at)) settleRow(store, at, runs, now);
      return at >= store.keys.rows.high;
    },
  };
}
