import type { Frame } from '../modules/relay/wire/frames.ts';
import { type DataType, dataTypes } from './data-types.ts';
import { readNumber } from './number.ts';

export type KeyType = 'integer' | 'ip' | 'ipv6' | 'string' | 'binary';

/** What a table stores beside the key, in the order of its bytes. */
export interface Stored extends DataType {
  /** Elements of an array; else 1. */
  readonly count: number;
  /** Of a rate, in milliseconds; else 0. */
  readonly periodMs: number;
}

/** A table as the sender has defined it for this session (haproxy src/peers.c, peer_prepare_switchmsg). */
export interface Definition {
  /** The number that messages call it by. */
  readonly id: number;
  readonly name: string;
  readonly keyType: KeyType;
  /** In bytes; of a string the longest, with its end. */
  readonly keyLength: number;
  /** In milliseconds; 0: its entries do not expire. */
  readonly expireMs: number;
  readonly stored: readonly Stored[];
  /** Behind `stored` comes what this program does not know: a later HAProxy. */
  readonly hasUnknown: boolean;
  /** The bytes without the number: two tables with the same text are defined alike. */
  readonly text: string;
}

/** As peers number them (PEER_KT_*). */
const keyTypes: Readonly<Record<number, KeyType>> = {
  2: 'integer',
  4: 'ip',
  5: 'ipv6',
  6: 'string',
  7: 'binary',
};

/** A message that cannot be read: nothing behind it can be trusted. */
export class UnreadableLesson extends Error {}

/** Reads numbers one after the other, and fails where there is none. */
function reader(bytes: Buffer, from: number, end: number, what: string) {
  let at = from;
  return {
    get at() {
      return at;
    },
    number(): number {
      const read = readNumber(bytes, at, end);
      if (read === null) throw new UnreadableLesson(`${what} ends too early`);
      at = read.next;
      return read.value;
    },
    text(length: number): string {
      if (at + length > end) throw new UnreadableLesson(`${what} ends too early`);
      at += length;
      return bytes.toString('latin1', at - length, at);
    },
    isAtEnd: () => at >= end,
  };
}

function hasBit(bits: number, index: number): boolean {
  return Math.floor(bits / 2 ** index) % 2 === 1;
}

/** Reads a DEFINE. Throws `UnreadableLesson`. */
export function readDefinition(bytes: Buffer, { body, end }: Frame): Definition {
  const from = reader(bytes, body, end, 'the definition of a table');
  const id = from.number();
  const textAt = from.at;
  const name = from.text(from.number());
  const keyNumber = from.number();
  const keyType = keyTypes[keyNumber];
  if (keyType === undefined) throw new UnreadableLesson(`${name}: keys of type ${keyNumber}`);
  const keyLength = from.number();
  const bits = from.number();
  // Missing in versions before 2.4, which send no parameters either.
  const expireMs = from.isAtEnd() ? 0 : from.number();
  const stored: Stored[] = [];
  for (const [index, type] of dataTypes.entries()) {
    if (!hasBit(bits, index)) continue;
    const hasParameters = type.isArray || type.kind === 'rate';
    // Each list of parameters begins with the number of its data type.
    if (hasParameters && from.number() !== index)
      throw new UnreadableLesson(`${name}: the parameters of its data types are in another order`);
    const count = type.isArray ? from.number() : 1;
    const periodMs = type.kind === 'rate' ? from.number() : 0;
    stored.push({ ...type, count, periodMs });
  }
  return {
    ...{ id, name, keyType, keyLength, expireMs, stored },
    hasUnknown: bits >= 2 ** dataTypes.length,
    text: bytes.toString('latin1', textAt, end),
  };
}
