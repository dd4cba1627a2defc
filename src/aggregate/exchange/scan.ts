import type { Ledger } from '../store/ledger.ts';
import { partWords } from '../store/parts.ts';
import type { Mark } from './messages.ts';
import { createPartsWriter } from './write-parts.ts';

/** All that is newer than what the other side holds, some rows at a time. */
export interface Scan {
  /** The next message; `nothing`: there was none in these rows. Null: that was all. */
  next(now: number): Buffer | 'nothing' | null;
}

export interface ScanOptions {
  /** By run: the other side holds all up to this flush. */
  readonly known: ReadonlyMap<number, number>;
  /** Whether parts of this run are of interest at all. */
  readonly wants: (run: number) => boolean;
}

/** Rows that are looked at in one go: about 2 ms. */
const scanRows = 2000;

/** What this side holds of each run, whole. */
export function marksOf(ledger: Ledger): readonly Mark[] {
  return ledger.runs
    .all()
    .filter(({ isStaged, complete, newest }) => !isStaged && complete + newest > 0)
    .map(({ origin, generation, complete: sequence, newest }) => ({
      ...{ origin, generation, sequence },
      newest: Math.max(sequence, newest),
    }));
}

/** The runs of these marks, as far as they are known here. */
export function knownOf(ledger: Ledger, marks: readonly Mark[]): ReadonlyMap<number, number> {
  return new Map(
    marks.flatMap(({ origin, generation, sequence }) => {
      const run = ledger.runs.find({ origin, generation, isStaged: false });
      return run === undefined ? [] : [[run, sequence] as const];
    }),
  );
}

/** Those of `wanted` that are newer than `marks`. */
export function lackedOf(marks: readonly Mark[], wanted: readonly Mark[]): readonly Mark[] {
  const known = new Map(marks.map((mark) => [`${mark.generation} ${mark.origin}`, mark]));
  return wanted.filter(({ origin, generation, sequence, newest }) => {
    const { sequence: whole = 0, newest: last = 0 } = known.get(`${generation} ${origin}`) ?? {};
    return sequence > whole || newest > last;
  });
}

export function createScan(ledger: Ledger, { known, wants }: ScanOptions): Scan {
  const tables = [...ledger.tables.values()];
  let writer: ReturnType<typeof createPartsWriter> | null = null;
  let row = 0;

  function addRow(at: number, now: number): void {
    const store = tables[0]?.store;
    if (store === undefined || !store.keys.isUsed(at)) return;
    for (let part = store.firstOf(at); part !== -1; part = store.after(part)) {
      const run = store.parts.rows.get(part, partWords.run);
      if (ledger.runs.get(run).isStaged || !wants(run)) continue;
      if (store.parts.rows.get(part, partWords.sequence) > (known.get(run) ?? -1))
        writer?.add(at, part, now);
    }
  }

  return {
    next(now) {
      const table = tables[0];
      if (table === undefined) return null;
      writer ??= createPartsWriter(table);
      const end = Math.min(row + scanRows, table.store.keys.rows.high);
      for (; row < end && !writer.isFull; row++) addRow(row, now);
      const message = writer.take(now) ?? 'nothing';
      if (row >= table.store.keys.rows.high) {
        tables.shift();
        writer = null;
        row = 0;
      }
      return message;
    },
  };
}
