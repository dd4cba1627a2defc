import { describe, expect, it } from 'vitest';
import { leftOutReasons } from '../../../src/engine/left-out.ts';

describe('leftOutReasons', () => {
  const leftOut = { replicas: ['old-1', 'old-2', 'old-3'], alike: [], alone: true };

  it('names replicas that only they could teach this one', () => {
    expect(leftOutReasons({ leftOut }, false)).toEqual([
      expect.stringMatching(/leaves out old-1 and 2 more, .*SIBLINGS_LEFT_OUT/),
    ]);
  });

  it.each([
    ['nobody is left out', { leftOut: undefined }, false],
    ['a sibling runs that can teach', { leftOut: { ...leftOut, alone: false } }, false],
    ['they only look alike', { leftOut: { ...leftOut, replicas: [], alike: ['canary'] } }, false],
    ['somebody wants it so', { leftOut }, true],
  ])('lets it begin when %s', (_, membership, allowed) => {
    expect(leftOutReasons(membership, allowed)).toEqual([]);
  });
});
