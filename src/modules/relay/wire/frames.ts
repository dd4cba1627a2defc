import { decodeVarint, varintLength } from './varint.ts';

/** A message of the peers protocol; what is in its body nobody looks at. Offsets are of the buffer it was found in. */
export interface Frame {
  readonly class: number;
  readonly type: number;
  readonly start: number;
  /** Where its body begins, and how long that is. */
  readonly body: number;
  readonly length: number;
  /** Behind its last byte. */
  readonly end: number;
}

/** Class, type and the length, five bytes at the most. */
export const headBytes = 7;

/** Longest body: HAProxy reads what fits into its buffer, 16 KiB unless `tune.bufsize` says more. */
export const bodyLimit = 1024 * 1024;

/** How long the head at `at` is; 0: not all of it is there, -1: that is no message. */
export function headLength(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) return 0;
  if (((bytes[at + 1] ?? 0) & 128) === 0) return 2;
  const length = varintLength(bytes, at + 2);
  if (length <= 0) return length;
  return decodeVarint(bytes, at + 2, length) > bodyLimit ? -1 : 2 + length;
}

/** How long the body is of the message whose head, `head` bytes long, is at `at`. */
export function bodyLength(bytes: Uint8Array, at: number, head: number): number {
  return head === 2 ? 0 : decodeVarint(bytes, at + 2, head - 2);
}

/** The messages that are complete. It ends at one that is not, and at what is none: see `isBroken`. */
export function* frames(buffer: Buffer): Iterable<Frame> {
  let start = 0;
  for (;;) {
    const head = headLength(buffer, start);
    if (head <= 0) return;
    const body = start + head;
    const length = bodyLength(buffer, start, head);
    const end = body + length;
    if (end > buffer.length) return;
    yield { class: buffer[start] ?? 0, type: buffer[start + 1] ?? 0, start, body, length, end };
    start = end;
  }
}

/** How many bytes the messages have that are complete. */
export function wholeBytes(buffer: Buffer): number {
  let start = 0;
  for (;;) {
    const head = headLength(buffer, start);
    if (head <= 0) return start;
    const end = start + head + bodyLength(buffer, start, head);
    if (end > buffer.length) return start;
    start = end;
  }
}

/** What begins here is no message of the peers protocol, whatever follows. */
export function isBroken(buffer: Buffer): boolean {
  return headLength(buffer, 0) < 0;
}
