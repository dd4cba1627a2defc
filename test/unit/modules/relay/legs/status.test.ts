import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStatus, statusLimit } from '../../../../../src/modules/relay/legs/status.ts';

const read = (text: string) => readStatus(Buffer.from(text, 'latin1'));

describe('the answer to a hello', () => {
  it('is accepted with 200, and tells where the session begins', () => {
    expect(read('200\n')).toEqual({ kind: 'accepted', rest: 4 });
    expect(read('200\n\0\0\n')).toEqual({ kind: 'accepted', rest: 4 });
  });

  it.each(['', '2', '200', 'x'.repeat(statusLimit - 1)])('is waited for after %j', (text) => {
    expect(read(text)).toEqual({ kind: 'more' });
  });

  it.each([
    ['503\n', /HAProxy answers 503: its localpeer has another name/],
    ['504\n', /HAProxy answers 504: its peers section has no such peer/],
    ['599\n', /HAProxy answers 599$/],
    ['2000\n', /no HAProxy: it says "2000"/],
    ['\n', /no HAProxy: it says ""/],
    ['HTTP/1.1 400 Bad Request\r\n', /it says "HTTP\/1\.1 400 Bad Request\\u000d"/],
    ['x'.repeat(statusLimit), /no HAProxy: it says "xxx/],
    [`${'x'.repeat(statusLimit)}\n`, /no HAProxy/],
  ])('is refused with %j', (text, why) => {
    expect(read(text)).toEqual({ kind: 'refused', why: expect.stringMatching(why) });
  });

  it('is never waited for longer than the limit, and never longer than one line in why', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2 * statusLimit }), (bytes) => {
        const answer = readStatus(Buffer.from(bytes));
        if (bytes.length >= statusLimit) expect(answer.kind).not.toBe('more');
        if (answer.kind === 'refused') expect(answer.why).toMatch(/^[ -~]{1,500}$/);
      }),
    );
  });
});
