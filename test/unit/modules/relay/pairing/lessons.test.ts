import { describe, expect, it } from 'vitest';
import { firstLesson, lesson } from '../../../../../src/modules/relay/pairing/lessons.ts';
import type { View } from '../../../../../src/modules/relay/pairing/view.ts';

const view = (more: Partial<View> = {}): View => ({
  ...{ worker: 'w1', learned: true, fresh: false, entries: 10 },
  ...more,
});

describe('a lesson at the beginning of a session', () => {
  const together = 'w1';

  it('is given after the own HAProxy was reloaded, to whom it was together with until then', () => {
    const mine = view({ worker: 'w2' });
    expect(lesson({ mine, before: together, asked: null })).toEqual({
      teach: true,
      why: 'HAProxy of this pod was reloaded',
    });
  });

  it.each([
    ['the first session of the two', { before: null }],
    ['the same worker', { mine: view() }],
    ['a HAProxy that was started anew', { mine: view({ worker: 'w2', fresh: true }) }],
    ['one that has not learned itself', { mine: view({ worker: 'w2', learned: false }) }],
  ])('is not given: %s', (_, more) => {
    const input = { mine: view({ worker: 'w2' }), before: together, asked: null };
    expect(lesson({ ...input, ...more })).toEqual({ teach: false });
  });

  it('is given to whoever asks, by one that has learned itself', () => {
    const input = { mine: view(), before: null, asked: 'behind' };
    expect(lesson(input)).toEqual({ teach: true, why: 'behind' });
    expect(lesson({ ...input, mine: view({ learned: false }) })).toEqual({ teach: false });
  });
});

describe('who has still to learn', () => {
  const pending = view({ learned: false, fresh: true, entries: 0 });

  it.each([
    ['nobody else is there', []],
    ['all others are as new', [pending, { ...pending, entries: 3 }]],
    ['one that is being made holds nothing', [pending, undefined]],
  ])('is told that there is nothing: %s', (_, views) => {
    const others = views.map((each, index) => ({
      ...{ name: `p${index}`, view: each },
      ...(each === undefined ? { serving: false } : {}),
    }));
    expect(firstLesson(true, others)).toEqual({ kind: 'nothing' });
  });

  it('learns from one that has learned, be it that others are not known', () => {
    const others = [
      { name: 'a', view: undefined },
      { name: 'b', view: view({ entries: 0 }) },
    ];
    expect(firstLesson(true, others)).toMatchObject({ kind: 'learn' });
  });

  it.each([
    ['before the members are known', false, []],
    ['a member without a link', true, [{ name: 'a', view: undefined }]],
    ['one that serves, without a link', true, [{ name: 'a', view: undefined, serving: true }]],
    ['HAProxy of a member does not answer', true, [{ name: 'a', view: null }]],
    [
      'one that is taught by its own old worker',
      true,
      [{ name: 'a', view: view({ learned: false, fresh: false, entries: 5 }) }],
    ],
  ])('waits: %s', (_, synced, others) => {
    expect(firstLesson(synced, others)).toMatchObject({ kind: 'wait' });
  });
});
