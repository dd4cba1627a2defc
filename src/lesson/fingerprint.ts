import { numbersOf } from './data-types.ts';
import type { Entry } from './entry.ts';
import { readNumber, skipNumber } from './number.ts';

/** 32 bits of these bytes, after what `seed` stands for (murmur3 without its blocks of four: keys are short). */
export function hash(bytes: Uint8Array, from: number, end: number, seed: number): number {
  let value = seed;
  for (let at = from; at < end; at++) {
    value = Math.imul(value ^ (bytes[at] ?? 0), 0x5bd1e995);
    value ^= value >>> 15;
  }
  value = Math.imul(value ^ (end - from), 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/**
 * 32 bits of what an entry stores and all replicas store alike: neither rates, which change with time, nor counts of one HAProxy
 * alone, and of a `server_key` its text. What this program does not know is left out.
 */
export function dataHash(
  bytes: Uint8Array,
  { table, keyEnd, end }: Entry,
  serverKey: Uint8Array | undefined,
): number {
  let value = 1;
  let at = keyEnd;
  for (const { kind, count, isLocal } of table.stored) {
    if (at === -1) break;
    const from = at;
    for (let left = count * numbersOf[kind]; left > 0 && at !== -1; left--)
      at = skipNumber(bytes, at, end);
    if (kind === 'number' && !isLocal && at !== -1) value = hash(bytes, from, at, value);
    if (kind !== 'dictionary') continue;
    if (serverKey !== undefined) value = hash(serverKey, 0, serverKey.length, value);
    // Its number is how long the reference is that follows it.
    const size = readNumber(bytes, from, end);
    at = size === null ? -1 : size.next + size.value;
  }
  return value;
}
