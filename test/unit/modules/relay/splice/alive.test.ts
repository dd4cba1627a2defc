import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepAlive } from '../../../../../src/modules/relay/splice/alive.ts';

/** HAProxy ends a session that it has heard nothing on for so long (PEER_RESYNC_TIMEOUT and reconnect, haproxy src/peers.c). */
const haproxyWaitsMs = 5000;

let nowMs = 0;
beforeEach(() => {
  nowMs = 0;
  vi.useFakeTimers({ now: 1_750_000_000_321 });
});
afterEach(() => {
  vi.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 50) {
    nowMs += 50;
    await vi.advanceTimersByTimeAsync(50);
  }
}

function session(beats: boolean) {
  const beatsAt: number[] = [];
  let silentAtMs: number | null = null;
  let reads = true;
  const alive = keepAlive({
    beats,
    beat() {
      beatsAt.push(nowMs);
      alive.told();
    },
    reads: () => reads,
    silent() {
      silentAtMs ??= nowMs;
    },
    now: () => nowMs,
  });
  return {
    alive,
    beatsAt,
    silentAtMs: () => silentAtMs,
    setReads(next: boolean) {
      reads = next;
    },
  };
}

describe('a session that nobody says anything in', () => {
  it('gets a heartbeat often enough for HAProxy, and no more often than HAProxy itself would say one', async () => {
    const { alive, beatsAt } = session(true);
    for (let second = 0; second < 60; second += 1) {
      alive.heard();
      await pass(1000);
    }
    const gaps = beatsAt.map((at, index) => at - (beatsAt[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(haproxyWaitsMs - 500);
    expect(beatsAt.length).toBeLessThanOrEqual(21);
    alive.stop();
  });

  it('gets the first one only where the other sidecar gives none, so that the other HAProxy is heard', async () => {
    const { alive, beatsAt, silentAtMs } = session(false);
    await pass(30_000);
    expect(beatsAt).toEqual([2000]);
    expect(silentAtMs()).toBeNull();
    alive.stop();
  });

  it('never leaves HAProxy without a word for 5 s, whatever is written when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 12 }),
        async (gaps) => {
          const { alive, beatsAt } = session(true);
          const startMs = nowMs;
          const told = [startMs];
          for (const gap of gaps) {
            await pass(gap * 50);
            alive.told();
            told.push(nowMs);
            alive.heard();
          }
          for (let second = 0; second < 5; second += 1) {
            alive.heard();
            await pass(1000);
          }
          const all = [...told, ...beatsAt].sort((left, right) => left - right);
          const longest = Math.max(...all.map((at, index) => at - (all[index - 1] ?? at)));
          expect(longest).toBeLessThan(haproxyWaitsMs - 400);
          alive.stop();
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('HAProxy that says nothing', () => {
  it('ends the session after 6 to 8 s, which the other one cannot do', async () => {
    const { alive, silentAtMs } = session(true);
    await pass(10_000);
    expect(silentAtMs()).toBeGreaterThanOrEqual(6000);
    expect(silentAtMs()).toBeLessThanOrEqual(8000);
    alive.stop();
  });

  it('is not judged while nothing is read of it', async () => {
    const { alive, silentAtMs, setReads } = session(true);
    setReads(false);
    await pass(60_000);
    expect(silentAtMs()).toBeNull();
    setReads(true);
    await pass(10_000);
    expect(silentAtMs()).toBeGreaterThan(65_000);
    alive.stop();
  });

  it('is not judged by a time in which this process stood still', async () => {
    const { alive, silentAtMs } = session(true);
    await pass(2000);
    nowMs += 3_600_000;
    await pass(1000);
    expect(silentAtMs()).toBeNull();
    alive.heard();
    await pass(4000);
    expect(silentAtMs()).toBeNull();
    alive.stop();
  });
});

it('leaves no timer behind', () => {
  for (const beats of [true, false]) session(beats).alive.stop();
  expect(vi.getTimerCount()).toBe(0);
});
