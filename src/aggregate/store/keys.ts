import { hash } from '../../lesson/fingerprint.ts';
import { Arena } from './arena.ts';
import { RowSet } from './row-set.ts';
import { Rows } from './rows.ts';

/** The words of a key's row. */
export const keyWords = {
  place: 0,
  /** Its first part plus one. */
  part: 1,
  next: 2,
  previous: 3,
  due: 4,
} as const;
const width = 5;

/** An entry of the index: the row plus one, and above it the highest bits of the key's hash, of which the lowest have chosen the place. */
const rowBits = 23;
const rowMask = 2 ** rowBits - 1;
const mostKeys = rowMask - 1;

/**
 * Keys by their bytes, with open addressing. The index has its full size from the beginning, of which the operating system gives what is
 * used, so that it never has to be made anew. `seed`: so that nobody who chooses keys can make them collide.
 */
export class Keys {
  readonly rows = new Rows(width);
  /** Rows in use. */
  readonly used = new RowSet();
  private readonly arena = new Arena();
  private readonly index: Uint32Array;
  private readonly mask: number;
  private readonly seed: number;

  constructor(limit: number, seed: number) {
    if (limit > mostKeys) throw new RangeError(`${limit} keys are more than ${mostKeys}`);
    this.index = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(16, limit * 1.5))));
    this.mask = this.index.length - 1;
    this.seed = seed;
  }

  isUsed(row: number): boolean {
    return this.used.has(row);
  }

  /** The row of the key; -1: it is not there. */
  find(bytes: Uint8Array, from: number, end: number): number {
    const hashed = hash(bytes, from, end, this.seed);
    const tag = hashed >>> rowBits;
    for (let slot = hashed & this.mask; ; slot = (slot + 1) & this.mask) {
      const entry = this.index[slot] ?? 0;
      if (entry === 0) return -1;
      const row = (entry & rowMask) - 1;
      if (entry >>> rowBits === tag && this.isSame(row, bytes, from, end)) return row;
    }
  }

  /** A row for a key that is not there yet. */
  add(bytes: Uint8Array, from: number, end: number): number {
    const row = this.rows.add();
    const hashed = hash(bytes, from, end, this.seed);
    this.used.add(row);
    this.rows.set(row, keyWords.place, this.arena.add(bytes, from, end));
    let slot = hashed & this.mask;
    while (this.index[slot] !== 0) slot = (slot + 1) & this.mask;
    this.index[slot] = ((hashed >>> rowBits) << rowBits) | (row + 1);
    return row;
  }

  remove(row: number): void {
    const { index, mask } = this;
    let hole = this.hashOf(row) & mask;
    while (((index[hole] ?? 0) & rowMask) !== row + 1) hole = (hole + 1) & mask;
    // What comes behind it moves up, unless that would be before its own place.
    for (let slot = (hole + 1) & mask; index[slot] !== 0; slot = (slot + 1) & mask) {
      const other = index[slot] ?? 0;
      const wanted = this.hashOf((other & rowMask) - 1) & mask;
      if (((slot - wanted) & mask) < ((slot - hole) & mask)) continue;
      index[hole] = other;
      hole = slot;
    }
    index[hole] = 0;
    this.arena.remove(this.placeOf(row));
    this.used.remove(row);
    this.rows.remove(row);
  }

  lengthOf(row: number): number {
    return this.arena.lengthOf(this.placeOf(row));
  }

  /** The piece of memory that holds the key. */
  bytesOf(row: number): Buffer {
    return this.arena.pieceOf(this.placeOf(row));
  }

  /** Where in it the key begins. */
  offsetOf(row: number): number {
    return this.arena.offset(this.placeOf(row));
  }

  private placeOf(row: number): number {
    return this.rows.get(row, keyWords.place);
  }

  /** It is made again where a key goes: to keep it would take four bytes of each. */
  private hashOf(row: number): number {
    const from = this.offsetOf(row);
    return hash(this.bytesOf(row), from, from + this.lengthOf(row), this.seed);
  }

  private isSame(row: number, bytes: Uint8Array, from: number, end: number): boolean {
    if (this.lengthOf(row) !== end - from) return false;
    const known = this.bytesOf(row);
    let at = this.offsetOf(row);
    for (let index = from; index < end; index++) if (known[at++] !== bytes[index]) return false;
    return true;
  }
}
