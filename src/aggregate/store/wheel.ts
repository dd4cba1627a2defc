import { ticksSince } from '../codec/ticks.ts';

/** A turn of the lowest wheel is 256 steps of 32 ms; a step of the next one is such a turn, and so on. */
const stepBits = 5;
const wheelBits = 8;
const wheels = 4;
const places = 2 ** wheelBits;
/** Steps within a tick's 32 bits. */
const stepMask = 2 ** (32 - stepBits) - 1;

/** Where the wheel keeps three numbers for each row. */
export interface WheelRows {
  get(row: number, word: number): number;
  set(row: number, word: number, value: number): void;
}

/** The words of a row: what comes behind it in its place, what comes before, and when it is due. */
export interface WheelWords {
  readonly next: number;
  readonly previous: number;
  readonly due: number;
}

/** Set in `previous` of the first of a place, whose number is the rest. */
const isFirst = 2 ** 31;

/**
 * Rows that are due at some tick, at most 24.8 days away. They are found up to 64 ms late, in no order within a step, and setting one costs the
 * same however many there are.
 */
export class Wheel {
  private readonly rows: WheelRows;
  private readonly words: WheelWords;
  /** The first row of each place plus one. */
  private readonly firsts = new Uint32Array(wheels * places);
  /** The step whose rows are being found. */
  private step: number;

  constructor(rows: WheelRows, words: WheelWords, now: number) {
    this.rows = rows;
    this.words = words;
    this.step = now >>> stepBits;
  }

  isSet(row: number): boolean {
    return this.rows.get(row, this.words.previous) !== 0;
  }

  /** When the row is due; only of one that is set. */
  dueOf(row: number): number {
    return this.rows.get(row, this.words.due);
  }

  set(row: number, due: number): void {
    this.clear(row);
    this.rows.set(row, this.words.due, due);
    // Not before its time: the step in which it is due must be over.
    const wanted = ((due >>> stepBits) + 1) & stepMask;
    const away = Math.max(1, this.stepsTo(wanted));
    const step = (this.step + away) & stepMask;
    let wheel = 0;
    while (wheel < wheels - 1 && away >= places ** (wheel + 1)) wheel += 1;
    this.link(row, wheel * places + ((step >>> (wheelBits * wheel)) & (places - 1)));
  }

  clear(row: number): void {
    const { next, previous } = this.words;
    const before = this.rows.get(row, previous);
    if (before === 0) return;
    const after = this.rows.get(row, next);
    if (before >= isFirst) this.firsts[before - isFirst] = after;
    else this.rows.set(before - 1, next, after);
    if (after !== 0) this.rows.set(after - 1, previous, before);
    this.rows.set(row, previous, 0);
  }

  /** Calls `act` for rows that are due, at most `limit` steps and rows. True: these were all. */
  advance(now: number, limit: number, act: (row: number) => void): boolean {
    let left = limit;
    for (;;) {
      for (let wheel = wheels - 1; wheel >= 0; wheel--) {
        const shift = wheelBits * wheel;
        if ((this.step & (2 ** shift - 1)) !== 0) continue;
        const place = wheel * places + ((this.step >>> shift) & (places - 1));
        for (let first = this.firsts[place] ?? 0; first !== 0; first = this.firsts[place] ?? 0) {
          if (left-- <= 0) return false;
          this.clear(first - 1);
          if (wheel > 0) this.set(first - 1, this.dueOf(first - 1));
          else act(first - 1);
        }
      }
      if (this.stepsTo(now >>> stepBits) <= 0) return true;
      this.step = (this.step + 1) & stepMask;
      if (left-- <= 0) return false;
    }
  }

  /** Steps from the present one, negative where it is over. */
  private stepsTo(step: number): number {
    return ticksSince((this.step << stepBits) >>> 0, (step << stepBits) >>> 0) >> stepBits;
  }

  private link(row: number, place: number): void {
    const { next, previous } = this.words;
    const first = this.firsts[place] ?? 0;
    this.rows.set(row, next, first);
    this.rows.set(row, previous, isFirst + place);
    if (first !== 0) this.rows.set(first - 1, previous, row + 1);
    this.firsts[place] = row + 1;
  }
}
