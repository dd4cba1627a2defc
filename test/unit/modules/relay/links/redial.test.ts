import { describe, expect, it } from 'vitest';
import {
  patienceWith,
  retry,
  type Tries,
  triesOf,
} from '../../../../../src/modules/relay/links/redial.ts';

const tries: Tries = { failures: 0, nextAtMs: 0, knownSinceMs: 0, key: '' };

/** Milliseconds between tries that fail like this, with the least and the most that chance makes of it. */
function pauses(kind: 'failed' | 'nobody-listens', random: number, nowMs = 0): readonly number[] {
  const all: number[] = [];
  for (let failures = 0; all.length < 8; ) {
    const next = retry({ ...tries, failures }, { kind }, nowMs, random);
    ({ failures } = next);
    all.push(next.inMs);
  }
  return all;
}

describe('a member without a link is dialled again', () => {
  it('after 50 ms, then ever later, up to 2 s, never two sides in step', () => {
    expect(pauses('failed', 1)).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
    expect(pauses('failed', 0)).toEqual([25, 50, 100, 200, 400, 800, 1000, 1000]);
  });

  it('every 100 ms where nobody listens and it may be about to start, for a minute', () => {
    expect(Math.max(...pauses('nobody-listens', 1))).toBe(100);
    expect(Math.max(...pauses('nobody-listens', 1, 59_999))).toBe(100);
    expect(Math.max(...pauses('nobody-listens', 1, 60_000))).toBe(2000);
  });

  it('at once after a link that has held, and ever later after links that do not', () => {
    const held = retry({ ...tries, failures: 3 }, { kind: 'link-ended', livedMs: 5000 }, 0, 1);
    const short = retry({ ...tries, failures: 3 }, { kind: 'link-ended', livedMs: 4999 }, 0, 1);

    expect(held).toEqual({ failures: 0, inMs: 50 });
    expect(short).toEqual({ failures: 4, inMs: 400 });
  });

  it('first by the one with the lower name', () => {
    expect([patienceWith('a', 'b'), patienceWith('b', 'a')]).toEqual([0, 100]);
  });

  it('without a failure more where another connection was to be the link', () => {
    const { failures, inMs } = retry({ ...tries, failures: 3 }, { kind: 'duplicate' }, 0, 1);

    expect(failures).toBe(3);
    expect(inMs).toBe(100);
  });

  it('from the beginning when it has another uid or address', () => {
    const failed = { ...tries, failures: 9, nextAtMs: 5000, key: 'u 10.0.0.2' };

    expect(triesOf({ uid: 'u', address: '10.0.0.2' }, failed, 1000, 0)).toBe(failed);
    for (const now of [
      { uid: 'v', address: '10.0.0.2' },
      { uid: 'u', address: '10.0.0.3' },
    ])
      expect(triesOf(now, failed, 1000, 100)).toMatchObject({ failures: 0, nextAtMs: 1100 });
  });
});
