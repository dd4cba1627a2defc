import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frames, isBroken } from '../../../../../src/modules/relay/wire/frames.ts';
import {
  ackReset,
  acks,
  helloText,
  resyncRequest,
} from '../../../../../src/modules/relay/wire/messages.ts';
import { anyMessages, bytesOf } from '../../../../helpers/peer-messages.ts';

describe('frames', () => {
  it('are the messages, with what is in them, and no bytes between', () => {
    fc.assert(
      fc.property(anyMessages, (messages) => {
        const bytes = bytesOf(messages);
        const found = [...frames(bytes)];
        expect(
          found.map((one) => ({
            class: one.class,
            type: one.type,
            content: new Uint8Array(bytes.subarray(one.body, one.end)),
          })),
        ).toEqual(
          messages.map(({ content, ...rest }) => ({ ...rest, content: new Uint8Array(content) })),
        );
        expect(found.map(({ start }) => start)).toEqual(
          [0, ...found.map(({ end }) => end)].slice(0, -1),
        );
        expect(found.every(({ body, length, end }) => body + length === end)).toBe(true);
        expect(found.at(-1)?.end ?? 0).toBe(bytes.length);
      }),
    );
  });

  it('leave out the last one as long as a byte of it is missing', () => {
    fc.assert(
      fc.property(anyMessages, fc.integer({ min: 0 }), (messages, seed) => {
        const bytes = bytesOf(messages);
        const all = [...frames(bytes)];
        const cut = bytes.length === 0 ? 0 : seed % bytes.length;
        expect([...frames(bytes.subarray(0, cut))]).toEqual(all.filter(({ end }) => end <= cut));
      }),
    );
  });

  it('end whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const found = [...frames(Buffer.from(bytes))];
        expect(found.length).toBeLessThanOrEqual(bytes.length / 2);
      }),
    );
  });

  it('are none where a length is more than any message has', () => {
    const endless = Buffer.from([10, 128, 255, 255, 255, 255, 255]);
    const huge = Buffer.from([10, 128, 255, 255, 255, 255, 127]);
    expect([endless, huge, resyncRequest, Buffer.from([10, 128])].map(isBroken)).toEqual([
      ...[true, true, false, false],
    ]);
    expect([...frames(huge)]).toEqual([]);
  });
});

describe('what the relay says', () => {
  it('is the hello of HAProxy', () => {
    expect(helloText('self', 's3')).toBe('HAProxyS 2.1\nself\ns3 1 1\n');
  });

  it('confirms 0 for each table', () => {
    expect(ackReset(2).toString('hex')).toBe('0a840501000000000a84050200000000');
    const many = [...frames(ackReset(300))];
    expect(many).toHaveLength(300);
    expect(many.at(-1)).toMatchObject({ class: 10, type: 132, length: 6 });
  });

  it('confirms an update of a table', () => {
    const updates = new Map([
      [1, 0x01020304],
      [240, 2 ** 32 - 1],
    ]);
    expect(acks(updates).toString('hex')).toBe('0a840501010203040a8406f000ffffffff');
  });
});
