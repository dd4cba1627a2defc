import type { Definition, KeyType } from '../../lesson/definition.ts';
import { stickTable, stickTypes } from '../../modules/relay/wire/messages.ts';
import type { Field, Layout } from './layout.ts';
import { writeValues } from './values.ts';
import type { Writer } from './writer.ts';

/** As peers number them (haproxy include/haproxy/peers-t.h, PEER_KT_*). */
const keyNumbers: Readonly<Record<KeyType, number>> = {
  integer: 2,
  ip: 4,
  ipv6: 5,
  string: 6,
  binary: 7,
};

function begin(to: Writer, type: number): number {
  to.byte(stickTable);
  to.byte(type);
  return to.at;
}

/** A DEFINE: the table `id` of this session, with these of its fields. */
export function writeDefinition(
  to: Writer,
  id: number,
  table: Pick<Definition, 'name' | 'keyType' | 'keyLength' | 'expireMs'>,
  fields: readonly Field[],
): void {
  const start = begin(to, stickTypes.define);
  to.number(id);
  to.text(table.name);
  to.number(keyNumbers[table.keyType]);
  to.number(table.keyLength);
  to.number(fields.reduce((bits, { type }) => bits + 2 ** type, 0));
  to.number(table.expireMs);
  for (const { type, isArray, count, wire, periodMs } of fields) {
    if (isArray || wire === 'rate') to.number(type);
    if (isArray) to.number(count);
    if (wire === 'rate') to.number(periodMs);
  }
  to.lengthAt(start);
}

/** A SWITCH: the next entries are of the table `id`. */
export function writeSwitch(to: Writer, id: number): void {
  const start = begin(to, stickTypes.switch);
  to.number(id);
  to.lengthAt(start);
}

/** An ACK: the updates of the table `id`, as the other side numbers it, up to this one have come. */
export function writeConfirmation(to: Writer, id: number, update: number): void {
  const start = begin(to, stickTypes.ack);
  to.number(id);
  to.fixed(update);
  to.lengthAt(start);
}

export interface EntryToWrite {
  readonly keyType: KeyType;
  /** The key is from `keyAt` to `keyEnd`. */
  readonly key: Uint8Array;
  readonly keyAt: number;
  readonly keyEnd: number;
  /** Null: one more than the last one. */
  readonly id: number | null;
  /** Milliseconds; null: what the table says. */
  readonly leftMs: number | null;
  readonly layout: Layout;
  /** The values are from `from` on. */
  readonly words: Uint32Array;
  readonly from: number;
  /** The tick that ages count to. */
  readonly now: number;
}

function typeOf({ id, leftMs }: EntryToWrite): number {
  if (leftMs === null) return id === null ? stickTypes.incrementalUpdate : stickTypes.update;
  return id === null ? stickTypes.timedIncrementalUpdate : stickTypes.timedUpdate;
}

/** An entry of the table that was defined or switched to last. */
export function writeEntry(to: Writer, entry: EntryToWrite): void {
  const { id, leftMs, keyType, key, keyAt, keyEnd, layout, words } = entry;
  const start = begin(to, typeOf(entry));
  if (id !== null) to.fixed(id);
  if (leftMs !== null) to.fixed(leftMs);
  if (keyType === 'string') to.number(keyEnd - keyAt);
  to.raw(key, keyAt, keyEnd);
  writeValues(to, layout, words, entry);
  to.lengthAt(start);
}
