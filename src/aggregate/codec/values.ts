import type { Cursor } from './cursor.ts';
import { type Field, type Layout, numbersIn } from './layout.ts';
import { tickAfter, ticksSince } from './ticks.ts';
import type { Writer } from './writer.ts';

/**
 * Reads the values of an entry into `out` from `to` on. `now`: the tick when they were sent, from which the ages of rates count. Throws
 * `UnreadableLesson` for what is garbled; `mayHaveMore`: data types that this program does not know may follow.
 */
export function readValues(
  from: Cursor,
  layout: Layout,
  out: Uint32Array,
  {
    to,
    now,
    mayHaveMore,
  }: { readonly to: number; readonly now: number; readonly mayHaveMore: boolean },
): void {
  for (const field of layout.fields) {
    const { kind, count, at, periodMs } = field;
    if (kind === 'none') passOver(from, field);
    else if (kind === 'number')
      for (let index = 0; index < count; index++) out[to + at + index] = from.number();
    else if (kind === 'wide')
      for (let index = 0; index < count; index++) from.wide(out, to + at + index * 2);
    else
      for (let index = 0; index < count; index++)
        readRate(from, out, to + at + index * 3, now, periodMs);
  }
  if (!from.isAtEnd() && !mayHaveMore) throw from.broken('something follows its values');
}

function readRate(from: Cursor, out: Uint32Array, to: number, now: number, periodMs: number): void {
  const ageMs = from.number();
  const current = from.number();
  const previous = from.number();
  // Nothing is left of it, however long ago that was: ticks so far apart could not be compared.
  const isOver = ageMs >= 2 * periodMs;
  out[to] = isOver ? now : tickAfter(now, -ageMs);
  out[to + 1] = isOver ? 0 : current;
  out[to + 2] = isOver ? 0 : previous;
}

function passOver(from: Cursor, field: Field): void {
  // Of a dictionary the number says how long the reference is that follows.
  if (field.wire === 'dictionary') from.skip(from.number());
  else for (let left = field.count * numbersIn(field); left > 0; left--) from.number();
}

/** The values of an entry, as they are at the tick `now`. */
export function writeValues(
  to: Writer,
  layout: Layout,
  words: Uint32Array,
  { from, now }: { readonly from: number; readonly now: number },
): void {
  for (const field of layout.fields) {
    const { kind, count, at } = field;
    const first = from + at;
    if (kind === 'none') writeNothing(to, field);
    else if (kind === 'number')
      for (let index = 0; index < count; index++) to.number(words[first + index] ?? 0);
    else if (kind === 'wide')
      for (let index = first; index < first + count * 2; index += 2)
        to.wide(words[index] ?? 0, words[index + 1] ?? 0);
    else
      for (let index = first; index < first + count * 3; index += 3) {
        to.number(Math.max(0, ticksSince(words[index] ?? 0, now)));
        to.number(words[index + 1] ?? 0);
        to.number(words[index + 2] ?? 0);
      }
  }
}

function writeNothing(to: Writer, field: Field): void {
  const numbers = field.wire === 'dictionary' ? 1 : field.count * numbersIn(field);
  for (let left = numbers; left > 0; left--) to.number(0);
}
