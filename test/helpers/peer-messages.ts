import fc from 'fast-check';
import { control, stickTable, stickTypes } from '../../src/modules/relay/wire/messages.ts';
import { encodeVarint } from '../../src/modules/relay/wire/varint.ts';

export interface Message {
  readonly class: number;
  readonly type: number;
  readonly content: Uint8Array;
}

/** Messages of the peers protocol with any content; those of two bytes have none. */
export const anyMessages = fc.array(
  fc.oneof(
    fc.record({
      class: fc.constantFrom(control, 1, 255),
      type: fc.integer({ min: 0, max: 127 }),
      content: fc.uint8Array({ maxLength: 0 }),
    }),
    fc.record({
      class: fc.constantFrom(stickTable),
      type: fc.constantFrom(...Object.values(stickTypes), 200),
      content: fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.uint8Array({ minLength: 230, maxLength: 4000 }),
      ),
    }),
  ),
  { maxLength: 30 },
);

export function bytesOf(messages: readonly Message[]): Buffer {
  return Buffer.concat(
    messages.map(({ class: kind, type, content }) =>
      Buffer.concat([
        Buffer.from([kind, type, ...(type < 128 ? [] : encodeVarint(content.length))]),
        content,
      ]),
    ),
  );
}

/** The same bytes in chunks of these sizes, again and again. */
export function chunksOf(bytes: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const size = sizes[chunks.length % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

export const anySizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 20 });
