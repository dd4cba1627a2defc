import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isSettled,
  type SessionsSeen,
  seeSessions,
} from '../../../../src/modules/lessons/sessions-seen.ts';
import { peer, up } from '../../../helpers/members.ts';

const nobody: SessionsSeen = new Map();
const own = peer('a', { local: true, established: false });
const look = (established: boolean, sessionSeconds?: number) =>
  up({ peers: [own, peer('b', { established, sessionSeconds })] });

describe('seeSessions', () => {
  it('counts each session once, however often it is seen', () => {
    let seen = seeSessions(nobody, look(true, 0), 1000);
    seen = seeSessions(seen, look(true, 1), 2400);
    seen = seeSessions(seen, look(true, 5), 6900);
    expect(seen.get('b')).toEqual({ established: true, sinceMs: 1000, count: 1 });

    seen = seeSessions(seen, look(false, 7), 8000);
    expect(seen.get('b')).toMatchObject({ established: false, count: 1 });
    seen = seeSessions(seen, look(true, 0), 9000);
    expect(seen.get('b')).toEqual({ established: true, sinceMs: 9000, count: 2 });
  });

  it('finds one that came and went between two looks by its age', () => {
    const seen = seeSessions(nobody, look(true, 100), 200_000);

    expect(seeSessions(seen, look(true, 1), 205_000).get('b')).toMatchObject({ count: 2 });
  });

  it('learns nothing from a HAProxy that does not answer, and forgets peers that are gone', () => {
    const seen = seeSessions(nobody, look(true, 1), 1000);

    expect(seeSessions(seen, { kind: 'down', why: 'x' }, 2000)).toBe(seen);
    expect([...seeSessions(seen, up({ peers: [own] }), 2000)]).toEqual([]);
    expect([...seeSessions(nobody, look(false), 2000)]).toEqual([]);
  });

  it('counts as many as there were, whenever it looks, where each lasts and is away for 3 s or more', () => {
    const times = fc.array(
      fc.record({
        here: fc.integer({ min: 3000, max: 20_000 }),
        away: fc.integer({ min: 3000, max: 9000 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(times, fc.integer({ min: 300, max: 2500 }), (phases, everyMs) => {
        let seen = nobody;
        let begin = 10_000;
        let at = 10_000;
        for (const { here, away } of phases) {
          for (; at < begin + here; at += everyMs)
            seen = seeSessions(seen, look(true, Math.floor((at - begin) / 1000)), at);
          begin += here;
          for (; at < begin + away; at += everyMs) seen = seeSessions(seen, look(false), at);
          begin += away;
        }
        expect(seen.get('b')?.count).toBe(phases.length);
      }),
    );
  });
});

describe('isSettled', () => {
  it('is a session that has lasted for 2 s', () => {
    const seen = { established: true, sinceMs: 1000, count: 1 };

    expect(isSettled(seen, 2999)).toBe(false);
    expect(isSettled(seen, 3000)).toBe(true);
    expect(isSettled({ ...seen, established: false }, 9000)).toBe(false);
    expect(isSettled(undefined, 9000)).toBe(false);
  });
});
