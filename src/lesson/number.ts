import { decodeVarint } from '../modules/relay/wire/varint.ts';

/** Ten bytes hold a number of 64 bits. */
const longest = 10;

/** A whole number of the peers protocol and where the next one begins; null: it is not all there before `end`. */
export function readNumber(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly value: number; readonly next: number } | null {
  const next = skipNumber(bytes, at, end);
  return next === -1 ? null : { value: decodeVarint(bytes, at, next - at), next };
}

/** Where the number at `at` ends; -1: not before `end`. */
export function skipNumber(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  if ((bytes[at] ?? 0) < 240) return at + 1;
  for (let next = at + 1; next < end && next - at < longest; next++)
    if ((bytes[next] ?? 0) < 128) return next + 1;
  return -1;
}
