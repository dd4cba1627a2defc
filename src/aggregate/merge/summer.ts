import type { Column, SumPlan } from './plan.ts';
import { addRate, type RateSums } from './rate.ts';
import { type MergeRules, mergeRules } from './rules.ts';

/** Adds up the parts of one key: `begin`, `add` each of them, `finish`. The sum is always made anew from all parts. */
export interface Summer {
  begin(now: number): void;
  /** A part, whose values are from `at` on. `isGone`: of a HAProxy that is not there any more. */
  add(words: Uint32Array, at: number, isGone?: boolean): void;
  /** Writes the sum from `to` on. */
  finish(out: Uint32Array, to: number): void;
}

interface Total extends RateSums {
  low: number;
  high: number;
}

function clear(total: Total): void {
  total.low = 0;
  total.high = 0;
  total.events = 0;
  total.slope = 0;
  total.weightedAge = 0;
  total.weight = 0;
}

export function createSummer(
  { columns }: Pick<SumPlan, 'columns'>,
  rules: MergeRules = mergeRules,
): Summer {
  const totals = columns.map((column) => ({
    column,
    total: { low: 0, high: 0, events: 0, slope: 0, weightedAge: 0, weight: 0 },
  }));
  let nowTick = 0;

  function takeHigher(total: Total, low: number, high: number): void {
    if (high < total.high || (high === total.high && low <= total.low)) return;
    Object.assign(total, { low, high });
  }

  function takeHigherRate(total: Total, words: Uint32Array, at: number, periodMs: number): void {
    const one = { events: 0, slope: 0, weightedAge: 0, weight: 0 };
    addRate(one, words, at, { now: nowTick, periodMs });
    if (one.events > total.events) Object.assign(total, one);
  }

  function addOne({ way, from, periodMs }: Column, total: Total, words: Uint32Array, at: number) {
    const value = words[at + from] ?? 0;
    if (way === 'rate') addRate(total, words, at + from, { now: nowTick, periodMs });
    else if (way === 'highestRate') takeHigherRate(total, words, at + from, periodMs);
    else if (way === 'highestWide') takeHigher(total, value, words[at + from + 1] ?? 0);
    else if (way === 'maximum') total.low = rules.maximum(total.low, value);
    else {
      total.low += value;
      if (way === 'wide') total.high += words[at + from + 1] ?? 0;
    }
  }

  function finishOne({ way, to, periodMs }: Column, total: Total, out: Uint32Array, at: number) {
    if (way === 'wide' || way === 'highestWide')
      rules.writeWide(total.low, total.high, out, at + to);
    else if (way === 'rate' || way === 'highestRate')
      out.set(rules.rate(total, nowTick, periodMs), at + to);
    else out[at + to] = rules.clampNumber(total.low);
  }

  return {
    begin(now) {
      nowTick = now;
      for (const { total } of totals) clear(total);
    },
    add(words, at, isGone = false) {
      for (const { column, total } of totals)
        if (!isGone || !column.isOpen) addOne(column, total, words, at);
    },
    finish(out, to) {
      for (const { column, total } of totals) finishOne(column, total, out, to);
    },
  };
}
