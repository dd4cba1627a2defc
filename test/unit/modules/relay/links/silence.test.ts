import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSilence, doubtPaceMs } from '../../../../../src/modules/relay/links/silence.ts';

/** Looks as the links do: each second, and more often where it is doubtful. */
function watched(paces: () => number) {
  let nowMs = 5000;
  const silence = createSilence(() => nowMs);
  let secondMs = nowMs;
  let judged = silence.look();
  return {
    silence,
    now: () => nowMs,
    /** Until the next look, or the moment `untilMs`, whichever is first. */
    go(untilMs: number) {
      if (secondMs <= nowMs) secondMs = nowMs + paces();
      const lookAtMs = judged === 'doubtful' ? Math.min(secondMs, nowMs + doubtPaceMs) : secondMs;
      nowMs = Math.min(lookAtMs, untilMs);
      if (nowMs === lookAtMs) judged = silence.look();
      return judged;
    },
  };
}
const paces = fc.array(fc.integer({ min: 500, max: 1500 }), { minLength: 1, maxLength: 20 });
const inTurn = (all: readonly number[]) => {
  let at = 0;
  return () => all[at++ % all.length] ?? 1000;
};

it('is found 2.7 to 3 s after the last byte, whenever that came, and however far seconds are apart', () => {
  fc.assert(
    fc.property(paces, fc.integer({ min: 0, max: 5000 }), (all, lastMs) => {
      const { silence, go, now } = watched(inTurn(all));
      const heardAtMs = now() + lastMs;
      // It hears something now and then until then.
      for (let next = now() + 700; next < heardAtMs; next += 700) {
        while (now() < next) expect(go(next)).toBe('fine');
        silence.heard();
      }
      while (now() < heardAtMs) go(heardAtMs);
      silence.heard();
      let judged = go(Number.POSITIVE_INFINITY);
      while (judged !== 'silent') judged = go(Number.POSITIVE_INFINITY);
      expect(now() - heardAtMs).toBeGreaterThanOrEqual(2700);
      expect(now() - heardAtMs).toBeLessThanOrEqual(3100);
    }),
  );
});

it('who pings every second, up to half a second late, is never in doubt', () => {
  fc.assert(
    fc.property(paces, fc.array(fc.integer({ min: 0, max: 500 })), (all, late) => {
      const { silence, go, now } = watched(inTurn(all));
      for (const ms of late) {
        const next = now() + 1000 + ms;
        while (now() < next) expect(go(next)).toBe('fine');
        silence.heard();
      }
    }),
  );
});

it('who stood still itself does not judge by that time', () => {
  let nowMs = 0;
  const silence = createSilence(() => nowMs);
  nowMs = 1000;
  expect(silence.look()).toBe('fine');
  nowMs = 61_000;
  // 1 s before, and what it would have noticed itself.
  expect(silence.look()).not.toBe('silent');
  silence.heard();
  nowMs += 1000;
  expect(silence.look()).toBe('fine');
});
