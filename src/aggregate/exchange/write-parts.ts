import { ticksSince } from '../codec/ticks.ts';
import { writeValues } from '../codec/values.ts';
import { writeDefinition } from '../codec/write.ts';
import { Writer } from '../codec/writer.ts';
import type { LedgerTable } from '../store/ledger.ts';
import { partWords } from '../store/parts.ts';
import { messageOf, types } from './messages.ts';

/** Parts of one table, as one message. */
export interface PartsWriter {
  /** A part of the table, unless it has expired. */
  add(row: number, part: number, now: number): void;
  /** The message; null: there are no parts. */
  take(now: number): Buffer | null;
  /** The message is long enough: it should be taken. */
  readonly isFull: boolean;
}

/**
 * However many values a key has, and however many replicas say something of it: who reads it has some 2,000 parts of a few values to take in one go,
 * which is about 3 ms of work.
 */
const enoughBytes = 64 * 1024;

export function createPartsWriter({ definition, layout, store }: LedgerTable): PartsWriter {
  const entries = new Writer(4096);
  const head = new Writer(1024);
  /** Runs of the message, by their place in its list. */
  const places = new Map<number, number>();

  function placeOf(run: number): number {
    const known = places.get(run) ?? places.size;
    places.set(run, known);
    return known;
  }

  return {
    get isFull() {
      return entries.at >= enoughBytes;
    },
    add(row, part, now) {
      const { keys, parts } = store;
      const memory = parts.rows.memory(part);
      const at = parts.rows.at(part);
      const expiry = memory[at + partWords.expiry] ?? 0;
      const leftMs = expiry === 0 ? 0 : ticksSince(now, expiry);
      if (leftMs < 0 || (expiry !== 0 && leftMs === 0)) return;
      entries.number(placeOf(memory[at + partWords.run] ?? 0));
      entries.number(memory[at + partWords.sequence] ?? 0);
      entries.number(leftMs);
      const length = keys.lengthOf(row);
      entries.number(length);
      const from = keys.offsetOf(row);
      entries.raw(keys.bytesOf(row), from, from + length);
      writeValues(entries, layout, memory, { from: at + partWords.values, now });
    },
    take(now) {
      if (entries.at === 0) return null;
      head.fixed(now);
      head.number(places.size);
      for (const run of places.keys()) {
        const { origin, generation } = store.parts.runs.get(run);
        head.text(origin);
        head.number(generation);
      }
      writeDefinition(head, 0, definition, layout.fields);
      const message = messageOf(types.parts, head, entries);
      places.clear();
      return message;
    },
  };
}
