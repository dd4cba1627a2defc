import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLookNeeded, nextLookMs } from '../../../../src/modules/relay/look-needed.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function looker(isPaired = false) {
  let paired: readonly string[] = isPaired ? ['one'] : [];
  let sessions = 0;
  const look = createLookNeeded(
    () => paired,
    () => performance.now(),
  );
  const ended = new AbortController();
  const looks: number[] = [];
  const beganMs = performance.now();
  const over = (async () => {
    while (!ended.signal.aborted) {
      looks.push(performance.now() - beganMs);
      await look.next(ended.signal);
    }
  })();
  return {
    looks,
    /** Some have ended; `next`: another one is there. */
    set(next: boolean) {
      sessions += 1;
      paired = next ? [`other-${sessions}`] : [];
      look.changed();
    },
    /** Something else has happened. */
    stir: look.changed,
    async end() {
      ended.abort();
      await vi.runAllTimersAsync();
      await over;
    },
  };
}

it.each([
  [false, 0, 250],
  [true, 0, 250],
  [false, 2999, 250],
  [false, 3000, 1000],
  [true, 3000, 1000],
  [true, 9999, 1000],
  [true, 10_000, Number.POSITIVE_INFINITY],
  [false, 1e9, 1000],
])('with a session: %s, %d ms after one has begun or ended, the next look is in %d ms', (...of) => {
  const [paired, sinceMs, ms] = of;
  expect(nextLookMs(paired, sinceMs)).toBe(ms);
});

it('with a session that lasts nobody looks', async () => {
  const on = looker(true);
  await vi.advanceTimersByTimeAsync(12_000);
  const before = on.looks.length;
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(on.looks.length).toBe(before);
  await on.end();
});

it('what is no beginning and no end of a session brings no look', async () => {
  const on = looker(true);
  on.stir();
  await vi.advanceTimersByTimeAsync(60_000);
  const before = on.looks.length;
  on.stir();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(on.looks.length).toBe(before);
  await on.end();
});

it.each([true, false])(
  'when one ends after long, that is looked at at once, and soon again (there is another: %s)',
  async (other) => {
    const on = looker(true);
    await vi.advanceTimersByTimeAsync(60_000);
    const before = on.looks.length;
    on.set(other);
    await vi.advanceTimersByTimeAsync(600);
    expect(on.looks.slice(before).map((ms) => ms - 60_000)).toEqual([0, 250, 500]);
    await on.end();
  },
);

it('without one it is noticed within a second when one ends that was not known', async () => {
  const on = looker();
  await vi.advanceTimersByTimeAsync(60_000);
  const gaps = on.looks.map((ms, at) => ms - (on.looks[at - 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1000);
  await on.end();
});

it('sessions that end together are one look', async () => {
  const on = looker(true);
  await vi.advanceTimersByTimeAsync(60_000);
  const before = on.looks.length;
  for (let at = 0; at < 64; at++) on.set(at < 63);
  await vi.advanceTimersByTimeAsync(0);
  for (let at = 0; at < 64; at++) on.set(false);
  await vi.advanceTimersByTimeAsync(249);
  expect(on.looks.length - before).toBe(1);
  await on.end();
});

it('who waits is let go at the end', async () => {
  const on = looker(true);
  await vi.advanceTimersByTimeAsync(60_000);
  await on.end();
});
