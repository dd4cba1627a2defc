import { encodeVarint } from '../modules/relay/wire/varint.ts';
import { numbersOf } from './data-types.ts';
import { type Definition, UnreadableLesson } from './definition.ts';
import type { Entry } from './entry.ts';
import { readNumber, skipNumber } from './number.ts';

/** A reference into the dictionary of the session, which has 128 places: the first one to a place brings the text along. */
export interface ServerKey {
  /** Its bytes in the message. */
  readonly at: number;
  readonly end: number;
  /** The place, from 1 on. */
  readonly place: number;
  /** Null: what was said of this place before. */
  readonly value: Buffer | null;
}

/** Places of the dictionary, as HAProxy has them (PEER_STKT_CACHE_MAX_ENTRIES). */
const places = 128;

/** Tables of this definition have a `server_key`. */
export function hasServerKey({ stored }: Definition): boolean {
  return stored.some(({ kind }) => kind === 'dictionary');
}

function broken({ name }: Definition): UnreadableLesson {
  return new UnreadableLesson(`${name}: a server_key that cannot be read`);
}

/** The `server_key` of an entry; null: it has none. Throws `UnreadableLesson`. */
export function readServerKey(bytes: Buffer, { table, keyEnd, end }: Entry): ServerKey | null {
  let at = keyEnd;
  for (const { kind, count } of table.stored) {
    if (kind === 'dictionary') return readReference(bytes, at, end, table);
    for (let left = count * numbersOf[kind]; left > 0; left--) {
      at = skipNumber(bytes, at, end);
      if (at === -1) throw broken(table);
    }
  }
  return null;
}

function readReference(
  bytes: Buffer,
  at: number,
  entryEnd: number,
  table: Definition,
): ServerKey | null {
  const size = readNumber(bytes, at, entryEnd);
  if (size === null) throw broken(table);
  if (size.value === 0) return null;
  const end = size.next + size.value;
  const place = readNumber(bytes, size.next, end);
  if (end > entryEnd || place === null || place.value < 1 || place.value > places)
    throw broken(table);
  if (place.next === end) return { at, end, place: place.value, value: null };
  const length = readNumber(bytes, place.next, end);
  if (length === null || length.next + length.value > end) throw broken(table);
  const value = Buffer.from(bytes.subarray(length.next, length.next + length.value));
  return { at, end, place: place.value, value };
}

/** The bytes of a reference that brings its text along. */
export function writeServerKey(place: number, value: Buffer): Buffer {
  const content = [...encodeVarint(place), ...encodeVarint(value.length)];
  const size = encodeVarint(content.length + value.length);
  return Buffer.concat([Buffer.from([...size, ...content]), value]);
}

/**
 * What the places hold, as they were said by who sends and as they are known to who receives. Where entries are left out
 * between the two, what they said of the dictionary is left out with them.
 */
export function createDictionary() {
  const said = new Map<number, Buffer>();
  const known = new Map<number, Buffer>();
  return {
    /** An entry with this reference comes, whether it is passed on or not: the text that it means. */
    hear({ place, value }: ServerKey): Buffer | undefined {
      if (value !== null) said.set(place, value);
      return said.get(place);
    },
    /** It is passed on: the text that it has to bring along; undefined: it is right as it is. */
    pass({ place, value }: ServerKey): Buffer | undefined {
      const text = said.get(place);
      const isKnown = text === undefined || known.get(place)?.equals(text) === true;
      if (text !== undefined) known.set(place, text);
      return isKnown || value !== null ? undefined : text;
    },
  };
}
