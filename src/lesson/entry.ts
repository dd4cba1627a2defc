import type { Frame } from '../modules/relay/wire/frames.ts';
import { stickTypes } from '../modules/relay/wire/messages.ts';
import { type Definition, UnreadableLesson } from './definition.ts';
import { readNumber } from './number.ts';

/** Where the parts of an entry's message are, in the bytes that it was found in. */
export interface Entry {
  readonly table: Definition;
  /** The number of the update: it grows with each change of the table, within 32 bits. */
  readonly id: number;
  /** It is in the message, four bytes; else it is one more than the last one. */
  readonly hasId: boolean;
  /** Where the remaining expiry is, four bytes; -1: the message has none, which means that of the table. */
  readonly expiryAt: number;
  /** The key, for a string without its length. */
  readonly keyAt: number;
  readonly keyEnd: number;
  /** What is stored is from `keyEnd` to here. */
  readonly end: number;
}

const { update, incrementalUpdate, timedUpdate, timedIncrementalUpdate } = stickTypes;

/** A message of this type tells of an entry. */
export function isEntry(type: number): boolean {
  return (
    type === timedIncrementalUpdate ||
    type === timedUpdate ||
    type === incrementalUpdate ||
    type === update
  );
}

/** Of an entry of this table, behind the update `lastId` (haproxy src/peers.c, peer_prepare_updatemsg). Throws `UnreadableLesson`. */
export function readEntry(
  bytes: Buffer,
  { type, body, end }: Frame,
  table: Definition,
  lastId: number,
): Entry {
  const hasId = type === update || type === timedUpdate;
  const isTimed = type === timedUpdate || type === timedIncrementalUpdate;
  const expiryAt = isTimed ? body + (hasId ? 4 : 0) : -1;
  let keyAt = body + (hasId ? 4 : 0) + (isTimed ? 4 : 0);
  let length = table.keyLength;
  if (table.keyType === 'integer') length = 4;
  if (table.keyType === 'string') {
    const read = readNumber(bytes, keyAt, end);
    if (read === null) throw new UnreadableLesson(`${table.name}: an entry without a key`);
    keyAt = read.next;
    length = read.value;
  }
  const keyEnd = keyAt + length;
  if (keyEnd > end) throw new UnreadableLesson(`${table.name}: an entry shorter than its key`);
  const id = hasId ? bytes.readUInt32BE(body) : (lastId + 1) % 2 ** 32;
  return { table, id, hasId, expiryAt, keyAt, keyEnd, end };
}

/** Milliseconds that are left to the entry when its message was made. */
export function expiryOf(bytes: Buffer, { expiryAt, table }: Entry): number {
  return expiryAt === -1 ? table.expireMs : bytes.readUInt32BE(expiryAt);
}
