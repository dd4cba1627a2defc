import { describe, expect, it } from 'vitest';
import type { HelloOutcome } from '../../../../../src/model/hello.ts';
import type { Member } from '../../../../../src/model/member.ts';
import { joinSiblings } from '../../../../../src/modules/peers/join/join.ts';
import { member, self } from '../../../../helpers/members.ts';
import { virtualClock } from '../../../../helpers/virtual-clock.ts';

async function joined(
  members: (nowMs: number) => readonly Member[],
  answer: (name: string, nowMs: number) => HelloOutcome,
) {
  const clock = virtualClock();
  const asked: string[] = [];
  const decision = await joinSiblings({
    self: self('a'),
    members: () => members(clock.now()),
    ask: async ({ name }) => {
      asked.push(name);
      return answer(name, clock.now());
    },
    timeoutMs: 60_000,
    silenceLimitMs: 10_000,
    leavingLimitMs: 4000,
    intervalMs: 250,
    now: clock.now,
    sleep: clock.sleep,
    onWait: () => {},
    signal: AbortSignal.timeout(5000),
  });
  return { decision, asked, atMs: clock.now() };
}

describe('joinSiblings', () => {
  it('asks each sibling until its first yes and never itself', async () => {
    const result = await joined(
      () => [member('a'), member('b'), member('c')],
      (name, nowMs) => (name === 'b' || nowMs >= 500 ? 'known' : 'unknown-to-it'),
    );

    expect(result.decision).toMatchObject({ kind: 'start', known: ['b', 'c'], warning: null });
    expect(result.asked).toEqual(['b', 'c', 'c', 'c']);
    expect(result.atMs).toBe(500);
  });

  it('asks siblings that appear while it waits, and forgets those that go', async () => {
    const result = await joined(
      (nowMs) => (nowMs < 1000 ? [member('a'), member('b')] : [member('a'), member('d')]),
      (name) => (name === 'b' ? 'unknown-to-it' : 'known'),
    );

    expect(result.decision).toMatchObject({ kind: 'start', known: ['d'] });
    expect(result.atMs).toBe(1000);
  });

  it('asks anew when a name comes back at another address', async () => {
    const result = await joined(
      (nowMs) => [
        member('a'),
        member('b', { address: nowMs < 1000 ? '10.0.0.2' : '10.0.0.22' }),
        member('c'),
      ],
      (name, nowMs) => (name === 'c' && nowMs < 2000 ? 'unknown-to-it' : 'known'),
    );

    expect(result.asked.filter((name) => name === 'b')).toHaveLength(2);
  });

  it('does not wait long for a terminating sibling', async () => {
    const result = await joined(
      () => [member('a'), member('b', { terminating: true })],
      () => 'unknown-to-it',
    );

    expect(result.atMs).toBe(4000);
  });

  it('goes on after the time-out', async () => {
    const result = await joined(
      () => [member('a'), member('b')],
      () => 'unknown-to-it',
    );

    expect(result.decision).toMatchObject({ kind: 'start', known: [] });
    expect(result.atMs).toBe(60_000);
  });
});
