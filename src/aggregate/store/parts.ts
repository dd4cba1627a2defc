import type { Layout } from '../codec/layout.ts';
import { ticksSince } from '../codec/ticks.ts';
import { type MergeRules, mergeRules } from '../merge/rules.ts';
import { Rows } from './rows.ts';
import type { Runs } from './runs.ts';

/** The words of a part's row; its values follow. */
export const partWords = {
  /** The next part of the same key plus one. */
  next: 0,
  run: 1,
  sequence: 2,
  /** A tick; 0: never. */
  expiry: 3,
  values: 4,
} as const;

/** A part as it comes. */
export interface PartToSet {
  readonly run: number;
  readonly sequence: number;
  /** A tick; 0: never. */
  readonly expiry: number;
  readonly words: Uint32Array;
}

/** Ticks of the same counter, which two sessions have told of, differ by less than this. */
const jitterMs = 50;

/** Parts of keys: which they are is kept by the key, as a chain. */
export class Parts {
  readonly rows: Rows;
  readonly runs: Runs;
  readonly rules: MergeRules;
  private readonly words: number;
  private readonly rates: readonly { readonly at: number; readonly periodMs: number }[];

  constructor(layout: Layout, runs: Runs, rules: MergeRules = mergeRules) {
    this.words = layout.words;
    this.rows = new Rows(partWords.values + layout.words);
    this.runs = runs;
    this.rules = rules;
    this.rates = layout.fields.flatMap(({ kind, at, count, periodMs }) =>
      Array.from({ length: kind === 'rate' ? count : 0 }, (_, index) => ({
        at: at + index * 3,
        periodMs,
      })),
    );
  }

  add({ run, sequence, expiry, words }: PartToSet, next: number): number {
    const part = this.rows.add();
    this.rows.set(part, partWords.next, next);
    this.runs.get(run).parts += 1;
    this.rows.set(part, partWords.run, run);
    this.write(part, { run, sequence, expiry, words });
    return part;
  }

  write(part: number, { run, sequence, expiry, words }: PartToSet): void {
    const memory = this.rows.memory(part);
    const at = this.rows.at(part);
    this.runs.get(memory[at + partWords.run] ?? 0).parts -= 1;
    this.runs.get(run).parts += 1;
    memory[at + partWords.run] = run;
    memory[at + partWords.sequence] = sequence;
    memory[at + partWords.expiry] = expiry;
    for (let index = 0; index < this.words; index++)
      memory[at + partWords.values + index] = words[index] ?? 0;
  }

  remove(part: number): void {
    this.runs.get(this.rows.get(part, partWords.run)).parts -= 1;
    this.rows.remove(part);
  }

  /** The values of a part, in a copy. */
  valuesOf(part: number): Uint32Array {
    const from = this.rows.at(part) + partWords.values;
    return this.rows.memory(part).slice(from, from + this.words);
  }

  /** Both say the same, and of rates nearly the same. */
  isSame(one: number, other: number): boolean {
    const [left, right] = [this.valuesOf(one), this.valuesOf(other)];
    for (const { at } of this.rates) {
      if (Math.abs(ticksSince(left[at] ?? 0, right[at] ?? 0)) > jitterMs) return false;
      left[at] = right[at] ?? 0;
    }
    return left.every((word, index) => word === right[index]);
  }

  isExpired(part: number, now: number): boolean {
    return this.rules.isExpired(this.rows.get(part, partWords.expiry), now);
  }

  /**
   * Milliseconds until the part has to be looked at again: it expires, or a period of its rates is over, or the one behind that. Infinite:
   * never. A rate of which nothing is left becomes zero, as its tick would be in the future some day.
   */
  nextMs(part: number, now: number): number {
    const memory = this.rows.memory(part);
    const at = this.rows.at(part);
    const expiry = memory[at + partWords.expiry] ?? 0;
    let next = expiry === 0 ? Number.POSITIVE_INFINITY : ticksSince(now, expiry);
    for (const rate of this.rates) {
      const first = at + partWords.values + rate.at;
      if (memory[first + 1] === 0 && memory[first + 2] === 0) continue;
      const ageMs = ticksSince(memory[first] ?? 0, now);
      if (ageMs >= 2 * rate.periodMs) {
        memory[first] = now;
        memory[first + 1] = 0;
        memory[first + 2] = 0;
      } else next = Math.min(next, (ageMs < rate.periodMs ? 1 : 2) * rate.periodMs - ageMs);
    }
    return next;
  }
}
