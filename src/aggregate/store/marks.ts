import { type Keys, keyWords } from './keys.ts';
import { RowQueue } from './queue.ts';

/** Rows that something is still to be done for, each once, in the order in which that was noticed. */
export class Marks {
  private readonly keys: Keys;
  private readonly flag: number;
  private readonly queue = new RowQueue();

  /** `bit`: of the row's flags, for this alone. */
  constructor(keys: Keys, bit: number) {
    this.keys = keys;
    this.flag = 2 ** bit;
  }

  /** Rows at most: some of them may be gone. */
  get length(): number {
    return this.queue.length;
  }

  add(row: number): void {
    const flags = this.keys.rows.get(row, keyWords.length);
    if ((flags & this.flag) !== 0) return;
    this.keys.rows.set(row, keyWords.length, flags | this.flag);
    this.queue.add(row);
  }

  /** The next row; -1: nothing is left to do. */
  take(): number {
    for (let row = this.queue.take(); row !== undefined; row = this.queue.take()) {
      const flags = this.keys.rows.get(row, keyWords.length);
      // The key that it was added for has gone.
      if (!this.keys.isUsed(row) || (flags & this.flag) === 0) continue;
      this.keys.rows.set(row, keyWords.length, flags & ~this.flag);
      return row;
    }
    return -1;
  }
}
