/** Numbers of updates that are farther apart than this belong to different runs: at most 4,096 of them are kept. */
const gap = 2 ** 20;

/** Which updates of a table a lesson has brought, by their numbers, which only grow as entries are written. */
export interface Taught {
  /** The lesson has brought this one: numbers come in growing order, twice at the most. */
  add(id: number): void;
  /** It has, or an entry that has been written since before the lesson brought this one. */
  has(id: number): boolean;
}

/**
 * HAProxy numbers what it writes itself from 1 on, and what it learns 2^31 higher, so the numbers of a table are a few long runs
 * (haproxy src/stick_table.c, stktable_add_pend_updates). What is written after the lesson comes behind the end of one.
 */
export function createTaught(): Taught {
  const runs: { from: number; to: number }[] = [];
  /** The one that was added to last. */
  let current: { from: number; to: number } | undefined;
  const near = (id: number, { from, to }: { from: number; to: number }) =>
    id >= from - gap && id <= to + gap;
  return {
    add(id) {
      if (current === undefined || !near(id, current)) {
        current = runs.find((run) => near(id, run));
        if (current === undefined) {
          current = { from: id, to: id };
          runs.push(current);
        }
      }
      current.from = Math.min(current.from, id);
      current.to = Math.max(current.to, id);
    },
    has: (id) => runs.some(({ from, to }) => id >= from && id <= to),
  };
}
