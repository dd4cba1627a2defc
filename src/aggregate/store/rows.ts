/** Rows of one piece of memory: growing never copies what is there. */
const segmentBits = 11;
const segmentRows = 2 ** segmentBits;

/** Rows of so many words of 32 bits, found by their number. Those that are free are used again. */
export class Rows {
  /** In use. */
  used = 0;
  /** Numbers below it have been in use. */
  high = 0;
  readonly width: number;
  private readonly segments: Uint32Array[] = [];
  /** The first free row plus one; its first word is the next one plus one. */
  private free = 0;

  constructor(width: number) {
    this.width = width;
  }

  /** The piece of memory that holds the row. */
  memory(row: number): Uint32Array {
    const segment = this.segments[row >>> segmentBits];
    if (segment === undefined) throw new RangeError(`there is no row ${row}`);
    return segment;
  }

  /** Where in its memory the row begins. */
  at(row: number): number {
    return (row & (segmentRows - 1)) * this.width;
  }

  get(row: number, word: number): number {
    return this.memory(row)[this.at(row) + word] ?? 0;
  }

  set(row: number, word: number, value: number): void {
    this.memory(row)[this.at(row) + word] = value;
  }

  /** A row of zeros. */
  add(): number {
    this.used += 1;
    if (this.free === 0) {
      if (this.high >>> segmentBits === this.segments.length)
        this.segments.push(new Uint32Array(segmentRows * this.width));
      this.high += 1;
      return this.high - 1;
    }
    const row = this.free - 1;
    this.free = this.get(row, 0);
    this.memory(row).fill(0, this.at(row), this.at(row) + this.width);
    return row;
  }

  remove(row: number): void {
    this.used -= 1;
    this.set(row, 0, this.free);
    this.free = row + 1;
  }
}
