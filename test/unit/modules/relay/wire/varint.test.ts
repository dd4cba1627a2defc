import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeVarint,
  encodeVarint,
  varintBytes,
  varintLength,
} from '../../../../../src/modules/relay/wire/varint.ts';

const numbers = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('a number of the peers protocol', () => {
  it.each([
    [0, [0]],
    [239, [239]],
    [240, [240, 0]],
    [241, [241, 0]],
    [256, [240, 1]],
    [2287, [255, 127]],
    [2288, [240, 128, 0]],
    [16_384, [240, 241, 6]],
  ])('%i is written as HAProxy writes it', (value, bytes) => {
    expect(encodeVarint(value)).toEqual(bytes);
  });

  it('is read as it was written, wherever it stands', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 9 }), (value, at) => {
        const bytes = Buffer.from([...Array(at).fill(255), ...encodeVarint(value), 7]);
        const length = varintLength(bytes, at);
        expect(length).toBe(encodeVarint(value).length);
        expect(length).toBeLessThanOrEqual(varintBytes);
        expect(decodeVarint(bytes, at, length)).toBe(value);
      }),
    );
  });

  it('is not read before all of it is there', () => {
    fc.assert(
      fc.property(numbers, (value) => {
        const bytes = Buffer.from(encodeVarint(value));
        for (let cut = 0; cut < bytes.length; cut++)
          expect(varintLength(bytes.subarray(0, cut), 0)).toBe(0);
      }),
    );
  });

  it('is none where it does not end within five bytes', () => {
    expect(varintLength(Buffer.from([255, 255, 255, 255, 255]), 0)).toBe(-1);
    expect(varintLength(Buffer.from([255, 255, 255, 255]), 0)).toBe(0);
  });
});
