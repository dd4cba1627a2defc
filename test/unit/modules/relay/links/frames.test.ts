import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createFrameReader,
  dataHeader,
  maxTextBytes,
  pingFrame,
  sumsHeader,
  textFrame,
} from '../../../../../src/modules/relay/links/frames.ts';

interface Read {
  readonly texts: unknown[];
  readonly data: Buffer[];
  readonly sums: Buffer[];
  readonly garbage: string[];
}

function reader() {
  const read: Read = { texts: [], data: [], sums: [], garbage: [] };
  const frames = createFrameReader({
    text: (kind, value) => read.texts.push([kind, value, Buffer.concat(read.data).length]),
    data: (slice) => read.data.push(slice),
    sums: (slice) => read.sums.push(slice),
    garbage: (why) => read.garbage.push(why),
  });
  return { ...frames, read };
}

/** The bytes in pieces of these sizes, again and again. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Iterable<Buffer> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const frame = fc.oneof(
  fc.record({ message: fc.jsonValue() }),
  fc.record({ control: fc.record({ take: fc.nat() }) }),
  fc.record({ data: fc.uint8Array({ maxLength: 3000 }) }),
  fc.record({ sums: fc.uint8Array({ maxLength: 3000 }) }),
  fc.constant({ ping: true }),
  fc.record({ unknown: fc.uint8Array({ maxLength: 300 }) }),
);

describe('frames', () => {
  it('are read as they were written, whatever pieces they come in, and in order', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), sizes, fc.boolean(), (all, cut, stops) => {
        const { read, push, trust, stop, go } = reader();
        trust();
        const texts: unknown[] = [];
        const data: Buffer[] = [];
        const sums: Buffer[] = [];
        const bytes = all.map((each) => {
          const before = Buffer.concat(data).length;
          if ('ping' in each) return pingFrame;
          if ('unknown' in each) {
            const header = Buffer.from(dataHeader(each.unknown.length));
            header[0] = 77;
            return Buffer.concat([header, each.unknown]);
          }
          if ('data' in each) {
            data.push(Buffer.from(each.data));
            return Buffer.concat([dataHeader(each.data.length), each.data]);
          }
          if ('sums' in each) {
            sums.push(Buffer.from(each.sums));
            return Buffer.concat([sumsHeader(each.sums.length), each.sums]);
          }
          const kind = 'message' in each ? 'message' : 'control';
          const value = 'message' in each ? each.message : each.control;
          texts.push([kind, JSON.parse(JSON.stringify(value)), before]);
          return textFrame(kind, value);
        });
        for (const piece of pieces(Buffer.concat(bytes), cut)) {
          if (stops) stop();
          push(piece);
          if (stops) go();
        }

        expect(read.garbage).toEqual([]);
        expect(read.texts).toEqual(texts);
        expect(Buffer.concat(read.data).equals(Buffer.concat(data))).toBe(true);
        expect(Buffer.concat(read.sums).equals(Buffer.concat(sums))).toBe(true);
      }),
    );
  });

  it('hands on no byte while it is stopped, and all of them afterwards', () => {
    const { read, push, trust, stop, go } = reader();
    trust();
    stop();
    push(Buffer.concat([dataHeader(3), Buffer.from('abc'), textFrame('message', 1)]));
    push(Buffer.concat([dataHeader(1), Buffer.from('d')]));
    expect(read).toEqual({ texts: [], data: [], sums: [], garbage: [] });
    go();

    expect(Buffer.concat(read.data).toString()).toBe('abcd');
    expect(read.texts).toEqual([['message', 1, 3]]);
  });

  it.each([
    ['data', Buffer.concat([dataHeader(1), Buffer.from('x')])],
    ['sums', Buffer.concat([sumsHeader(1), Buffer.from('x')])],
    ['a message', textFrame('message', {})],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a client hello', Buffer.from('1603010200010001fc0303', 'hex')],
    ['an endless greeting', Buffer.from([1, 255, 255, 255])],
    ['an empty greeting', Buffer.from([1, 0, 0, 0])],
    ['a greeting that is no JSON', Buffer.from([1, 0, 0, 1, 0x7b])],
  ])('before the greeting takes no %s', (_, bytes) => {
    const { read, push } = reader();
    push(bytes);
    push(textFrame('control', { take: 1 }));

    expect(read.garbage).toHaveLength(1);
    expect(read.texts).toEqual([]);
  });

  it('never reads more than it keeps, and says nothing twice, of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.boolean(), (bytes, trusted) => {
        const { read, push, trust } = reader();
        if (trusted) trust();
        for (const piece of pieces(Buffer.from(bytes), [7])) push(piece);
        expect(read.garbage.length).toBeLessThanOrEqual(1);
        const handed = Buffer.concat([...read.data, ...read.sums]);
        expect(handed.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it('writes no text that would not be read', () => {
    expect(() => textFrame('message', 'x'.repeat(maxTextBytes - 2))).not.toThrow();
    expect(() => textFrame('message', 'x'.repeat(maxTextBytes - 1))).toThrow(RangeError);
    expect(() => dataHeader(2 ** 24)).toThrow(RangeError);
  });
});
