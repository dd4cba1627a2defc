/** Numbers of rows, first in, first out. */
export class RowQueue {
  private rows = new Uint32Array(1024);
  private first = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  add(row: number): void {
    const { length } = this.rows;
    if (this.count === length) {
      const more = new Uint32Array(length * 2);
      more.set(this.rows.subarray(this.first));
      more.set(this.rows.subarray(0, this.first), length - this.first);
      this.rows = more;
      this.first = 0;
    }
    this.rows[(this.first + this.count) & (this.rows.length - 1)] = row;
    this.count += 1;
  }

  /** The first one; undefined: there is none. */
  take(): number | undefined {
    if (this.count === 0) return undefined;
    const row = this.rows[this.first];
    this.first = (this.first + 1) & (this.rows.length - 1);
    this.count -= 1;
    return row;
  }
}
