import { type Definition, UnreadableLesson } from '../../lesson/definition.ts';
import { type Entry, expiryOf, isEntry } from '../../lesson/entry.ts';
import { followTables } from '../../lesson/follow.ts';
import type { Frame } from '../../modules/relay/wire/frames.ts';
import {
  control,
  controlTypes,
  error,
  stickTable,
  stickTypes,
} from '../../modules/relay/wire/messages.ts';
import { Cursor } from './cursor.ts';
import { type Layout, layoutOf, longestArray } from './layout.ts';
import { readValues } from './values.ts';

export interface HeardTable {
  readonly definition: Definition;
  readonly layout: Layout;
  /** The values of the entry that was heard last: who needs them later takes a copy. */
  readonly words: Uint32Array;
}

/** What a message means. */
export type Heard =
  | { readonly kind: 'control'; readonly type: number }
  /** The other side has not understood something: it ends the session. */
  | { readonly kind: 'error'; readonly type: number }
  | { readonly kind: 'confirmation'; readonly table: number; readonly update: number }
  /** A table is defined, or named again: the next entries are of it. */
  | { readonly kind: 'table'; readonly table: HeardTable; readonly isNew: boolean }
  | {
      readonly kind: 'entry';
      readonly table: HeardTable;
      readonly entry: Entry;
      /** What is left to it, in milliseconds; 0 in a table whose entries do not expire. */
      readonly leftMs: number;
    };

const controls: ReadonlySet<number> = new Set(Object.values(controlTypes));

function tableOf(definition: Definition): HeardTable {
  const { name, stored } = definition;
  if (stored.some(({ count }) => count > longestArray))
    throw new UnreadableLesson(`${name}: an array of more than ${longestArray} elements`);
  const layout = layoutOf(stored);
  return { definition, layout, words: new Uint32Array(layout.words) };
}

/**
 * Reads the messages of one session, from the first one on. `now`: the tick when they were sent, as far as one knows. What this program does
 * not know, and what is garbled, throws `UnreadableLesson`: nothing behind it can be trusted. Data types of a later HAProxy are passed over, as they come last.
 */
export function createHearer(): (bytes: Buffer, frame: Frame, now: number) => Heard {
  const tables = followTables(tableOf);
  const cursor = new Cursor();

  function entryOf(bytes: Buffer, frame: Frame, now: number): Heard {
    const { entry, of: table } = tables.entry(bytes, frame);
    const { keyType, keyLength, name, expireMs, hasUnknown } = table.definition;
    // A string is stored with its end.
    if (keyType === 'string' && entry.keyEnd - entry.keyAt >= keyLength)
      throw new UnreadableLesson(`${name}: a key that is longer than its keys can be`);
    cursor.start(bytes, entry.keyEnd, entry.end, name);
    readValues(cursor, table.layout, table.words, { to: 0, now, mayHaveMore: hasUnknown });
    return { kind: 'entry', table, entry, leftMs: expireMs === 0 ? 0 : expiryOf(bytes, entry) };
  }

  function confirmationOf(bytes: Buffer, { body, end }: Frame): Heard {
    cursor.start(bytes, body, end, 'a confirmation');
    const table = cursor.number();
    const at = cursor.at;
    cursor.skip(4);
    return { kind: 'confirmation', table, update: bytes.readUInt32BE(at) };
  }

  return (bytes, frame, now) => {
    const { class: kind, type } = frame;
    if (kind === control && controls.has(type)) return { kind: 'control', type };
    if (kind === error) return { kind: 'error', type };
    if (kind === stickTable) {
      if (isEntry(type)) return entryOf(bytes, frame, now);
      if (type === stickTypes.ack) return confirmationOf(bytes, frame);
      if (type === stickTypes.define || type === stickTypes.switch) {
        const table = tables.turn(bytes, frame);
        if (table === undefined)
          throw new UnreadableLesson('a switch to a table that is not defined');
        return { kind: 'table', table, isNew: type === stickTypes.define };
      }
    }
    throw new UnreadableLesson(`a message of class ${kind} and type ${type}`);
  };
}
