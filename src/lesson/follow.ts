import type { Frame } from '../modules/relay/wire/frames.ts';
import { stickTypes } from '../modules/relay/wire/messages.ts';
import { type Definition, readDefinition, UnreadableLesson } from './definition.ts';
import { type Entry, readEntry } from './entry.ts';
import { readNumber } from './number.ts';

/** Tables of one session: HAProxy numbers those of its section from 1 on, a few as a rule. */
const tableLimit = 4096;

/** Which table the messages of one session are about, from the first one on. All throw `UnreadableLesson`. */
export interface Following<T> {
  /** A DEFINE or a SWITCH: the table that the next entries belong to; undefined: one that was not defined. */
  turn(bytes: Buffer, frame: Frame): T | undefined;
  /** An entry, and its table. */
  entry(bytes: Buffer, frame: Frame): { readonly entry: Entry; readonly of: T };
}

/** `make`: what is kept for each table that is defined. */
export function followTables<T>(make: (table: Definition) => T): Following<T> {
  const tables = new Map<number, { readonly table: Definition; readonly of: T }>();
  let current: { readonly table: Definition; readonly of: T } | undefined;
  let lastId = 0;
  return {
    turn(bytes, frame) {
      if (frame.type === stickTypes.define) {
        const table = readDefinition(bytes, frame);
        current = { table, of: make(table) };
        tables.set(table.id, current);
        if (tables.size > tableLimit) throw new UnreadableLesson('too many tables are defined');
      } else {
        current = tables.get(readNumber(bytes, frame.body, frame.end)?.value ?? 0);
      }
      return current?.of;
    },
    entry(bytes, frame) {
      if (current === undefined)
        throw new UnreadableLesson('an entry of a table that is not defined');
      const entry = readEntry(bytes, frame, current.table, lastId);
      lastId = entry.id;
      return { entry, of: current.of };
    },
  };
}
