import { UnreadableLesson } from '../../lesson/definition.ts';

const most = 2n ** 64n - 1n;

/** Reads numbers of the peers protocol one behind the other, without making anything for each. Throws `UnreadableLesson`. */
export class Cursor {
  at = 0;
  private bytes: Uint8Array = new Uint8Array();
  private end = 0;
  private what = '';

  /** From here on of these bytes. `what`: for the message of the error. */
  start(bytes: Uint8Array, at: number, end: number, what: string): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.what = what;
  }

  isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** A number of 32 bits; one that is larger is no number that HAProxy sends there. */
  number(): number {
    if (this.at < this.end) {
      const first = this.bytes[this.at] ?? 0;
      if (first < 240) {
        this.at += 1;
        return first;
      }
    }
    const value = this.large();
    if (value > 0xffff_ffff) throw this.broken('a number of more than 32 bits');
    return value;
  }

  /** A number of 64 bits: the lower half, then the upper one. */
  wide(out: Uint32Array, to: number): void {
    const from = this.at;
    const value = this.large();
    if (value <= Number.MAX_SAFE_INTEGER) {
      out[to] = value % 2 ** 32;
      out[to + 1] = Math.floor(value / 2 ** 32);
      return;
    }
    let exact = BigInt(this.bytes[from] ?? 0);
    for (let at = from + 1; at < this.at; at++)
      exact += BigInt(this.bytes[at] ?? 0) << BigInt(4 + 7 * (at - from - 1));
    if (exact > most) throw this.broken('a number of more than 64 bits');
    out[to] = Number(exact % 2n ** 32n);
    out[to + 1] = Number(exact >> 32n);
  }

  skip(bytes: number): void {
    if (bytes > this.end - this.at) throw this.broken('it ends too early');
    this.at += bytes;
  }

  broken(why: string): UnreadableLesson {
    return new UnreadableLesson(`${this.what}: ${why}`);
  }

  /** `intdecode` (haproxy src/peers.c): exact up to 2^53, and more than that from there on. */
  private large(): number {
    let at = this.at;
    if (at >= this.end) throw this.broken('it ends too early');
    let value = this.bytes[at++] ?? 0;
    if (value >= 240) {
      let factor = 16;
      for (;;) {
        if (at >= this.end || at - this.at >= 10) throw this.broken('it ends within a number');
        const byte = this.bytes[at++] ?? 0;
        value += byte * factor;
        factor *= 128;
        if (byte < 128) break;
      }
    }
    this.at = at;
    return value;
  }
}
