/** A number of 32 bits takes one to five bytes. */
export const varintBytes = 5;

/** How HAProxy writes whole numbers (`intencode`, src/peers.c): one byte below 240, then 4 bits, then 7 a byte. */
export function encodeVarint(value: number): readonly number[] {
  if (value < 240) return [value];
  const bytes = [(value % 16) | 240];
  let rest = Math.floor((value - 240) / 16);
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor((rest - 128) / 128);
  }
  return [...bytes, rest];
}

/** How many bytes the number at `at` takes; 0: not all of them are there, -1: it is longer than one of 32 bits. */
export function varintLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === undefined) return 0;
  if (first < 240) return 1;
  for (let length = 2; length <= varintBytes; length++) {
    const byte = bytes[at + length - 1];
    if (byte === undefined) return 0;
    if (byte < 128) return length;
  }
  return -1;
}

/** The number at `at` that takes `length` bytes (`intdecode`, src/peers.c). */
export function decodeVarint(bytes: Uint8Array, at: number, length: number): number {
  let value = bytes[at] ?? 0;
  let factor = 16;
  for (let index = 1; index < length; index++) {
    value += (bytes[at + index] ?? 0) * factor;
    factor *= 128;
  }
  return value;
}
