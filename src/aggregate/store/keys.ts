import { hash } from '../../lesson/fingerprint.ts';
import { Arena } from './arena.ts';
import { Rows } from './rows.ts';

/** The words of a key's row. `length`: of the key in its lower 16 bits, and flags above. */
export const keyWords = {
  hash: 0,
  place: 1,
  length: 2,
  /** Its first part plus one. */
  part: 3,
  next: 4,
  previous: 5,
  due: 6,
} as const;
const width = 7;

/** Set while the row is in use; flags of others are higher. */
const isUsed = 2 ** 16;
export const freeFlags = 17;

/**
 * Keys by their bytes, with open addressing. The index has its full size from the beginning, of which the operating system gives what is
 * used, so that it never has to be made anew. `seed`: so that nobody who chooses keys can make them collide.
 */
export class Keys {
  readonly rows = new Rows(width);
  private readonly arena = new Arena();
  private readonly index: Uint32Array;
  private readonly mask: number;
  private readonly seed: number;

  constructor(limit: number, seed: number) {
    this.index = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(16, limit * 1.5))));
    this.mask = this.index.length - 1;
    this.seed = seed;
  }

  isUsed(row: number): boolean {
    return row < this.rows.high && (this.rows.get(row, keyWords.length) & isUsed) !== 0;
  }

  /** The row of the key; -1: it is not there. */
  find(bytes: Uint8Array, from: number, end: number): number {
    return this.seek(bytes, from, end, hash(bytes, from, end, this.seed));
  }

  /** A row for a key that is not there yet. */
  add(bytes: Uint8Array, from: number, end: number): number {
    const row = this.rows.add();
    const hashed = hash(bytes, from, end, this.seed);
    this.rows.set(row, keyWords.hash, hashed);
    this.rows.set(row, keyWords.place, this.arena.add(bytes, from, end));
    this.rows.set(row, keyWords.length, (end - from) | isUsed);
    let slot = hashed & this.mask;
    while (this.index[slot] !== 0) slot = (slot + 1) & this.mask;
    this.index[slot] = row + 1;
    return row;
  }

  remove(row: number): void {
    const { rows, index, mask } = this;
    let hole = rows.get(row, keyWords.hash) & mask;
    while (index[hole] !== row + 1) hole = (hole + 1) & mask;
    // What comes behind it moves up, unless that would be before its own place.
    for (let slot = (hole + 1) & mask; index[slot] !== 0; slot = (slot + 1) & mask) {
      const other = index[slot] ?? 0;
      const wanted = rows.get(other - 1, keyWords.hash) & mask;
      if (((slot - wanted) & mask) < ((slot - hole) & mask)) continue;
      index[hole] = other;
      hole = slot;
    }
    index[hole] = 0;
    this.arena.remove(rows.get(row, keyWords.place), this.lengthOf(row));
    rows.set(row, keyWords.length, 0);
    rows.remove(row);
  }

  lengthOf(row: number): number {
    return this.rows.get(row, keyWords.length) & 0xffff;
  }

  /** The piece of memory that holds the key. */
  bytesOf(row: number): Buffer {
    return this.arena.pieceOf(this.rows.get(row, keyWords.place));
  }

  /** Where in it the key begins. */
  offsetOf(row: number): number {
    return this.arena.offset(this.rows.get(row, keyWords.place));
  }

  private seek(bytes: Uint8Array, from: number, end: number, hashed: number): number {
    for (let slot = hashed & this.mask; ; slot = (slot + 1) & this.mask) {
      const row = (this.index[slot] ?? 0) - 1;
      if (row === -1) return -1;
      if (this.rows.get(row, keyWords.hash) === hashed && this.isSame(row, bytes, from, end))
        return row;
    }
  }

  private isSame(row: number, bytes: Uint8Array, from: number, end: number): boolean {
    if (this.lengthOf(row) !== end - from) return false;
    const known = this.bytesOf(row);
    let at = this.offsetOf(row);
    for (let index = from; index < end; index++) if (known[at++] !== bytes[index]) return false;
    return true;
  }
}
