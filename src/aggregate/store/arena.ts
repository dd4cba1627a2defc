/** Keys lie in pieces of 64 KiB, and begin every 4 bytes: a table with few keys takes little. */
const pieceBytes = 2 ** 16;
const unit = 4;
const unitsOfPiece = pieceBytes / unit;
/** Before each key is its length. */
const headBytes = 2;

/** HAProxy's keys are shorter than its buffer. */
export const longestKey = 16 * 1024;

const unitsOf = (length: number) => Math.ceil((headBytes + length) / unit);

/** The bytes of keys. Room that is given back is used again for keys of about the same length. */
export class Arena {
  private readonly pieces: Buffer[] = [];
  /** In units, behind the last key of the last piece. */
  private end = 0;
  /** By size in units: the first free place plus one, whose first four bytes are the next one plus one. */
  private readonly free: number[] = [];

  /** Where a copy of these bytes is now, in units. */
  add(bytes: Uint8Array, from: number, end: number): number {
    const place = this.place(unitsOf(end - from));
    const piece = this.pieceOf(place);
    let at = piece.writeUInt16LE(end - from, this.headOf(place));
    for (let index = from; index < end; index++) piece[at++] = bytes[index] ?? 0;
    return place;
  }

  remove(place: number): void {
    const size = unitsOf(this.lengthOf(place));
    this.pieceOf(place).writeUInt32LE(this.free[size] ?? 0, this.headOf(place));
    this.free[size] = place + 1;
  }

  /** The piece that holds the key at this place. */
  pieceOf(place: number): Buffer {
    const piece = this.pieces[Math.floor(place / unitsOfPiece)];
    if (piece === undefined) throw new RangeError(`there is no key at ${place}`);
    return piece;
  }

  /** Where in its piece the key begins. */
  offset(place: number): number {
    return this.headOf(place) + headBytes;
  }

  lengthOf(place: number): number {
    return this.pieceOf(place).readUInt16LE(this.headOf(place));
  }

  private headOf(place: number): number {
    return (place % unitsOfPiece) * unit;
  }

  private place(size: number): number {
    const free = this.free[size] ?? 0;
    if (free > 0) {
      this.free[size] = this.pieceOf(free - 1).readUInt32LE(this.headOf(free - 1));
      return free - 1;
    }
    if (this.pieces.length * unitsOfPiece - this.end < size) {
      this.end = this.pieces.length * unitsOfPiece;
      this.pieces.push(Buffer.allocUnsafeSlow(pieceBytes));
    }
    this.end += size;
    return this.end - size;
  }
}
