import { describe, expect, it } from 'vitest';
import { createLookAgain, lookAgainMs } from '../../../../src/modules/relay/look-again.ts';

/** How often HAProxy is looked at within these seconds of being in that phase. */
function looks(phase: 'silent' | 'learning', fromMs: number, untilMs: number): number {
  let nowMs = 0;
  let count = 0;
  while (nowMs < untilMs) {
    if (nowMs >= fromMs) count += 1;
    nowMs += lookAgainMs(phase, nowMs);
  }
  return count;
}

describe('HAProxy is looked at', () => {
  it.each(['silent', 'learning'] as const)(
    'every 50 ms while it may be starting, and seldom when it is %s for long',
    (phase) => {
      expect(looks(phase, 0, 5000)).toBe(100);
      expect(looks(phase, 5000, 60_000)).toBeLessThan(300);
      expect(looks(phase, 600_000, 660_000)).toBe(60);
    },
  );

  it('at the latest after a second, of the 5 that it asks whom to learn from', () => {
    for (const sinceMs of [0, 4999, 5000, 50_000, 1e5, 1e9]) {
      expect(lookAgainMs('silent', sinceMs)).toBeGreaterThanOrEqual(50);
      expect(lookAgainMs('silent', sinceMs)).toBeLessThanOrEqual(1000);
    }
  });

  it('four times a second until this replica is ready, and then when something happens', () => {
    expect(lookAgainMs('unready', 1e9)).toBe(250);
    expect(lookAgainMs('ready', 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('often again when it answers after a long time', () => {
    let nowMs = 1000;
    const again = createLookAgain(() => nowMs);
    expect(again('silent')).toBe(1050);
    nowMs = 1_000_000;
    expect(again('silent')).toBe(1_001_000);
    expect(again('learning')).toBe(1_000_050);
    expect(again('ready')).toBe(Number.POSITIVE_INFINITY);
    expect(again('silent')).toBe(1_000_050);
  });
});
