/** Bytes that are written one behind the other, and grow. */
export class Writer {
  at = 0;
  private bytes: Buffer;

  constructor(room = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(room);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  /** A whole number up to 2^53 as `intencode` writes it (haproxy src/peers.c). */
  number(value: number): void {
    this.reserve(10);
    if (value < 240) {
      this.bytes[this.at++] = value;
      return;
    }
    this.bytes[this.at++] = (value % 16) | 240;
    let rest = Math.floor((value - 240) / 16);
    while (rest >= 128) {
      this.bytes[this.at++] = (rest % 128) | 128;
      rest = Math.floor((rest - 128) / 128);
    }
    this.bytes[this.at++] = rest;
  }

  /** A number of 64 bits. */
  wide(low: number, high: number): void {
    if (high < 2 ** 21) {
      this.number(high * 2 ** 32 + low);
      return;
    }
    this.reserve(10);
    const value = (BigInt(high) << 32n) + BigInt(low);
    this.bytes[this.at++] = Number(value % 16n) | 240;
    let rest = (value - 240n) >> 4n;
    while (rest >= 128n) {
      this.bytes[this.at++] = Number(rest % 128n) | 128;
      rest = (rest - 128n) >> 7n;
    }
    this.bytes[this.at++] = Number(rest);
  }

  /** Four bytes, the highest first. */
  fixed(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }

  raw(from: Uint8Array, start = 0, end = from.length): void {
    this.reserve(end - start);
    for (let index = start; index < end; index++) this.bytes[this.at++] = from[index] ?? 0;
  }

  text(value: string): void {
    const bytes = Buffer.from(value, 'latin1');
    this.number(bytes.length);
    this.raw(bytes);
  }

  /** What was written from `start` on gets its length before it, as a number. */
  lengthAt(start: number): void {
    const length = this.at - start;
    const end = this.at;
    this.number(length);
    const size = this.at - end;
    const head = Buffer.from(this.bytes.subarray(end, this.at));
    this.bytes.copyWithin(start + size, start, end);
    head.copy(this.bytes, start);
  }

  /** A copy of all that was written, and the next begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.at));
    this.at = 0;
    return taken;
  }

  /** Copies all that was written to `at` of these bytes, and the next begins anew. How many bytes that was. */
  moveTo(bytes: Buffer, at: number): number {
    const moved = this.bytes.copy(bytes, at, 0, this.at);
    this.at = 0;
    return moved;
  }

  private reserve(room: number): void {
    if (this.at + room <= this.bytes.length) return;
    const more = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + room));
    this.bytes.copy(more, 0, 0, this.at);
    this.bytes = more;
  }
}
