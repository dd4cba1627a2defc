import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stickTable, stickTypes } from '../../../../../src/modules/relay/wire/messages.ts';
import { countUpdates } from '../../../../../src/modules/relay/wire/update-counter.ts';
import { anyMessages, anySizes, bytesOf, chunksOf } from '../../../../helpers/peer-messages.ts';

const { define, switch: change, ack } = stickTypes;

describe('countUpdates', () => {
  it('counts the updates wherever the stream is cut', () => {
    fc.assert(
      fc.property(anyMessages, anySizes, (messages, sizes) => {
        const counter = countUpdates();
        for (const chunk of chunksOf(bytesOf(messages), sizes)) counter.take(chunk);
        const updates = messages.filter(
          (one) => one.class === stickTable && ![define, change, ack, 200].includes(one.type),
        );
        expect(counter.updates).toBe(updates.length);
        const acks = messages.filter((one) => one.class === stickTable && one.type === ack);
        expect(counter.others).toBe(messages.length - updates.length - acks.length);
        expect(counter.within).toBe(false);
        expect(counter.broken).toBe(false);
      }),
    );
  });

  it('survives any bytes, and counts nothing more once they were none of the protocol', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), anySizes, (bytes, sizes) => {
        const counter = countUpdates();
        for (const chunk of chunksOf(Buffer.from(bytes), sizes)) counter.take(chunk);
        const before = counter.updates;
        counter.take(Buffer.from([stickTable, stickTypes.update, 0]));
        if (counter.broken) expect(counter.updates).toBe(before);
      }),
    );
  });
});
