import { readDefinition } from '../../lesson/definition.ts';
import { type Frame, frames } from '../../modules/relay/wire/frames.ts';
import { stickTable, stickTypes } from '../../modules/relay/wire/messages.ts';
import { Cursor } from '../codec/cursor.ts';
import { type Layout, layoutOf, longestArray, wordsOf } from '../codec/layout.ts';
import { expiryAt } from '../codec/ticks.ts';
import { readValues } from '../codec/values.ts';
import { sameField } from '../merge/plan.ts';
import type { Ledger, LedgerTable } from '../store/ledger.ts';
import { readText } from './messages.ts';
import type { Skew } from './skew.ts';

/** Words that are copied from one layout into another: fields of both. */
function copies(from: Layout, to: Layout): readonly (readonly [from: number, to: number])[] {
  return to.fields.flatMap((field) => {
    const same = sameField(from, field);
    if (same === undefined) return [];
    const words = Math.min(field.count, same.count) * wordsOf[field.kind];
    return Array.from({ length: words }, (_, at) => [same.at + at, field.at + at] as const);
  });
}

function definitionAt(cursor: Cursor, bytes: Buffer, end: number) {
  const within = bytes.subarray(cursor.at, end);
  const [frame] = frames(within) as Iterable<Frame> as [Frame?];
  if (frame?.class !== stickTable || frame.type !== stickTypes.define)
    throw cursor.broken('no definition of a table');
  const definition = readDefinition(within, frame);
  if (definition.stored.some(({ count }) => count > longestArray))
    throw cursor.broken('an array that is too long');
  cursor.skip(frame.end);
  return definition;
}

/** Takes the parts of a message. Throws `UnreadableLesson`. */
export function takeParts(
  { bytes, at, end }: { readonly bytes: Buffer; readonly at: number; readonly end: number },
  { ledger, skew, now }: { readonly ledger: Ledger; readonly skew: Skew; readonly now: number },
): void {
  const cursor = new Cursor();
  cursor.start(bytes, at, end, 'parts of a replica');
  cursor.skip(4);
  const sentAt = skew.sentAt(bytes.readUInt32BE(at), now);
  const runs: (number | undefined)[] = [];
  for (let left = cursor.number(); left > 0; left--)
    runs.push(ledger.runs.add(readText(cursor, bytes), cursor.number()));
  const definition = definitionAt(cursor, bytes, end);
  const table = ledger.tables.get(definition.name);
  // It is not known here, or not yet: then it is asked for when it is.
  if (table === undefined || table.definition.keyType !== definition.keyType) return;
  takeEntries(cursor, bytes, {
    table,
    runs,
    layout: layoutOf(definition.stored),
    ledger,
    sentAt,
    now,
  });
}

interface Entries {
  readonly table: LedgerTable;
  readonly runs: readonly (number | undefined)[];
  readonly layout: Layout;
  readonly ledger: Ledger;
  readonly sentAt: number;
  readonly now: number;
}

function takeEntries(
  cursor: Cursor,
  bytes: Buffer,
  { table, runs, layout, ledger, sentAt, now }: Entries,
): void {
  const theirs = new Uint32Array(layout.words);
  const words = new Uint32Array(table.layout.words);
  const pairs = copies(layout, table.layout);
  while (!cursor.isAtEnd()) {
    const place = cursor.number();
    if (place >= runs.length) throw cursor.broken('a run that is not in its list');
    const sequence = cursor.number();
    const leftMs = cursor.number();
    const length = cursor.number();
    const keyAt = cursor.at;
    cursor.skip(length);
    readValues(cursor, layout, theirs, { to: 0, now: sentAt, mayHaveMore: true });
    for (const [from, to] of pairs) words[to] = theirs[from] ?? 0;
    const run = runs[place];
    if (run === undefined) continue;
    const expiry = expiryAt(sentAt, leftMs);
    ledger.hear(
      table,
      run,
      sequence,
      { key: bytes, keyAt, keyEnd: keyAt + length, words, expiry },
      now,
    );
  }
}
