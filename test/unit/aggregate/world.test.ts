import { describe, expect, it } from 'vitest';
import { ticksSince } from '../../../src/aggregate/codec/ticks.ts';
import { mergeRules } from '../../../src/aggregate/merge/rules.ts';
import { firstWrong } from '../../helpers/aggregate-play.ts';
import type { Flaws } from '../../helpers/aggregate-world.ts';
import { onlyInAll, unless } from '../../helpers/skip.ts';

it('comes to the same sums everywhere, whatever has happened, 1,000 times', {
  timeout: 180_000,
}, () => {
  expect(firstWrong(1, 1000)).toBeNull();
});

it('does so 100,000 times', { ...unless(onlyInAll), timeout: 3_600_000 }, () => {
  expect(firstWrong(1001, 101_000)).toBeNull();
});

describe('is noticed where', () => {
  const { supersedes } = mergeRules;
  const wrong: Readonly<Record<string, Flaws>> = {
    'the last part that comes counts': { rules: { supersedes: () => true } },
    'the first part that comes counts': { rules: { supersedes: () => false } },
    'sessions do not count, only flushes': {
      rules: { supersedes: (known, came) => came.sequence >= known.sequence },
    },
    'flushes do not count, only sessions': {
      rules: { supersedes: (known, came) => came.generation > known.generation },
    },
    'an older part counts': { rules: { supersedes: (known, came) => supersedes(came, known) } },
    'nothing expires': { rules: { isExpired: () => false } },
    'all expires too early': {
      rules: { isExpired: (expiry, now) => ticksSince(expiry, now) > -5000 },
    },
    'the sum of tags is told': { rules: { maximum: (one, other) => one + other } },
    'the last tag is told': { rules: { maximum: (_one, other) => other } },
    'sums end at 8': { rules: { clampNumber: (sum) => Math.min(sum, 8) } },
    'HAProxy is called what its sidecar is': { namesItself: true },
    'there are no lessons': { noLesson: true },
    'a lesson only adds': { unstaged: true },
    'nobody asks': { noAsking: true },
    'nobody tells of HAProxys that have gone': { tellsOwnOnly: true },
    'what was said last in a session is not told': { unflushed: true },
    'a slow link loses what it is told': { losesWhenFull: true },
  };
  it.each(Object.entries(wrong))('%s', (_name, flaws) => {
    expect(firstWrong(1, 1000, flaws)).not.toBeNull();
  });
});
