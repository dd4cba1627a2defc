import { describe, expect, it } from 'vitest';
import type { Member } from '../../../../src/model/member.ts';
import {
  type Apart,
  apartNotice,
  nobodyApart,
} from '../../../../src/modules/relay/apart-notice.ts';
import type { Partner } from '../../../../src/modules/relay/ready.ts';
import { member } from '../../../helpers/members.ts';

const limitMs = 120_000;
const view = { worker: 'w', learned: true, fresh: false, entries: 1 };

function partner(name: string, part: Partial<Partner> = {}, of: Partial<Member> = {}): Partner {
  return {
    ...{ member: { ...member(name), ...of }, knownSinceMs: 0, view, paired: true, slot: null },
    ...part,
  };
}

/** Each second: when which message was told. */
function play(seconds: number, world: (second: number) => readonly Partner[]) {
  let apart: Apart = nobodyApart;
  const told: string[] = [];
  for (let second = 0; second <= seconds; second += 1) {
    const next = apartNotice(apart, world(second), limitMs, second * 1000);
    apart = next.apart;
    if (next.notice !== null) told.push(`${second} ${next.notice.message}`);
  }
  return { told, apart };
}

describe('apartNotice', () => {
  it('tells after the limit, and again after the same time, who and why', () => {
    const { told } = play(300, () => [
      partner('a', { paired: false, view: undefined }),
      partner('b', { paired: false, view: null }),
      partner('c', { paired: false }),
      partner('d'),
    ]);

    const message =
      'not connected for more than 120 s: a (no link), b (its HAProxy does not answer), c (no session)';
    expect(told).toEqual([`120 ${message}`, `240 ${message}`]);
  });

  it('says nothing of sessions that come back in time, and of pods that start or go', () => {
    const { told, apart } = play(600, (second) => [
      partner('flaps', { paired: second % 100 === 0 }),
      partner('starts', { paired: false, view: undefined }, { serving: false }),
      partner('goes', { paired: false }, { terminating: true }),
    ]);

    expect(told).toEqual([]);
    expect([...apart.sinceMs.keys()]).toEqual([]);
  });

  it('begins anew when all are back, and forgets who is gone', () => {
    const away = partner('a', { paired: false });
    const { told, apart } = play(400, (second) =>
      second < 130 ? [away] : second < 140 ? [] : [partner('a', { paired: second > 280 })],
    );

    expect(told.map((text) => text.split(' ')[0])).toEqual(['120', '260']);
    expect(apart.sinceMs.size).toBe(0);
    expect(apart.toldAtMs).toBeNull();
  });
});
