import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  differenceNeed,
  type NeedInput,
  nextLessonMs,
} from '../../../../../src/modules/relay/difference/need.ts';
import type { View } from '../../../../../src/modules/relay/pairing/view.ts';

const view: View = { worker: 'w', learned: true, fresh: true, entries: 5 };
const healed: NeedInput = {
  ...{ mine: view, theirs: view, hadLink: true, again: false },
  ...{ mineSettledMs: 60_000, theirsSettledMs: 60_000 },
  ...{ linkedMs: 0, wholeMs: 0 },
};

describe('differenceNeed', () => {
  it.each<[string, Partial<NeedInput>, string, number?]>([
    ['the session was away', { parted: true }, 'needed', 1000],
    [
      'it is another worker, too',
      { again: true, parted: true, joiners: true, mine: { ...view, fresh: false } },
      'needed',
      3000,
    ],
    [
      'a pod that has just joined',
      { hadLink: false, mineSettledMs: 100, joiners: true },
      'needed',
      3000,
    ],
    [
      'one that still learns',
      { hadLink: false, mine: { ...view, learned: false }, joiners: true },
      'later',
    ],
    ['HAProxy was started anew', { again: true, joiners: true }, 'needed', 3000],
    ['a link that is there for long', { hadLink: false, joiners: true }, 'needed', 1000],
  ])('of reload mode: %s', (_, input, kind, afterMs) => {
    expect(differenceNeed({ ...healed, ...input })).toMatchObject({
      ...{ kind, ...(afterMs === undefined ? {} : { afterMs }) },
    });
  });

  const joins = { hadLink: false, mineSettledMs: 100 };
  const learns = { ...view, learned: false };
  // It learned half a minute ago, when it was linked already; the session has come only now.
  const late = { hadLink: false, mineSettledMs: 30_000, linkedMs: 30_500 };
  it.each<[string, Partial<NeedInput>, string]>([
    ['a link that was there before is made anew', {}, 'needed'],
    ['the same, right after both have joined', { mineSettledMs: 1, theirsSettledMs: 1 }, 'needed'],
    ['the first link of a sidecar that has started anew', { hadLink: false }, 'needed'],
    ['the first link of a pod that has just joined', joins, 'never'],
    ['the same, seen from the other side', { hadLink: false, theirsSettledMs: 100 }, 'never'],
    ['the same, where the session comes late', { ...late, wholeMs: 40_000 }, 'never'],
    ['the same, and somebody has gone meanwhile', { ...late, wholeMs: 29_999 }, 'needed'],
    [
      'the same, but the link came late, as after a split',
      { ...late, linkedMs: 24_000, wholeMs: 40_000 },
      'needed',
    ],
    [
      'the same, but there was a link before',
      { ...late, wholeMs: 40_000, hadLink: true },
      'needed',
    ],
    ['a pod that joins, and has not learned yet', { hadLink: false, mine: learns }, 'never'],
    ['HAProxy was started anew in a split, and learns', { theirs: learns }, 'later'],
    ['a worker takes over', { hadLink: false, mine: { ...learns, fresh: false } }, 'later'],
    ['HAProxy of the peer does not answer', { theirs: null }, 'later'],
    ['HAProxy was reloaded', { again: true, mine: { ...view, fresh: false } }, 'needed'],
    ['HAProxy was started anew over a link that stays', { again: true }, 'never'],
    ['own HAProxy does not answer', { mine: null }, 'later'],
    ['the peer has an earlier version', { theirsSettledMs: null }, 'later'],
  ])('%s', (_, input, kind) => {
    expect(differenceNeed({ ...healed, ...input }).kind).toBe(kind);
  });

  it('never has a HAProxy compared that still learns', () => {
    const anyView = fc.record({
      ...{ worker: fc.constant('w'), learned: fc.boolean() },
      ...{ fresh: fc.boolean(), entries: fc.nat() },
    });
    const any = fc.record({
      mine: fc.option(anyView),
      theirs: fc.option(anyView),
      mineSettledMs: fc.nat(20_000),
      theirsSettledMs: fc.option(fc.nat(20_000)),
      linkedMs: fc.nat(20_000),
      wholeMs: fc.nat(20_000),
      hadLink: fc.boolean(),
      again: fc.boolean(),
    });
    fc.assert(
      fc.property(any, (input) => {
        const { kind, why } = differenceNeed(input);
        expect(why).not.toBe('');
        if (kind === 'needed')
          expect([input.mine, input.theirs]).toMatchObject([{ learned: true }, { learned: true }]);
      }),
    );
  });
});

describe('nextLessonMs', () => {
  it('goes on while something is taken, for three lessons', () => {
    expect(nextLessonMs({ rounds: 1, failures: 0 }, 5, 0)).toBeGreaterThan(0);
    expect(nextLessonMs({ rounds: 3, failures: 0 }, 5, 0)).toBeNull();
    expect(nextLessonMs({ rounds: 1, failures: 0 }, 0, 0)).toBeNull();
  });

  it('tries again after a failure, later each time, and at least once a minute', () => {
    let before = 0;
    for (let failures = 1; failures < 30; failures++) {
      const waitMs = nextLessonMs({ rounds: 0, failures }, 0, 1) ?? 0;
      expect(waitMs).toBeGreaterThanOrEqual(before);
      expect(waitMs).toBeLessThanOrEqual(60_000);
      expect(nextLessonMs({ rounds: 0, failures }, 0, 0)).toBe(waitMs / 2);
      before = waitMs;
    }
    expect(before).toBe(60_000);
  });
});
