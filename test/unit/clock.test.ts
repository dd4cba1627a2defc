import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  breathe,
  dateOf,
  everySecond,
  monotonicNow,
  sleep,
  startTimer,
  timerMs,
  toFullSecondMs,
  wallNow,
} from '../../src/clock.ts';
import { liveness } from '../../src/engine/liveness.ts';
import { createScheduler } from '../../src/engine/scheduler.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the clock of intervals', () => {
  it.each([-hour, hour, -365 * day])('goes on when the date is set by %i ms', async (byMs) => {
    const began = monotonicNow();
    await vi.advanceTimersByTimeAsync(second);
    vi.setSystemTime(Date.now() + byMs);
    await vi.advanceTimersByTimeAsync(second);

    expect(monotonicNow() - began).toBeCloseTo(2 * second);
    expect(dateOf(monotonicNow())).toBeCloseTo(wallNow());
    expect(dateOf(began)).toBeCloseTo(wallNow() - 2 * second);
  });

  it('is far from 0 at the start, which is long ago', () => {
    expect(monotonicNow()).toBeGreaterThan(365 * day);
  });
});

describe('full seconds', () => {
  it('all who ask are called in the same moment, at a full second of the date, until they ask no more', async () => {
    vi.setSystemTime(1_000_000_300);
    const calls: string[] = [];
    const note = (name: string) => () => void calls.push(`${name} ${Date.now() % 1e6}`);
    const stopOne = everySecond(note('one'));
    await vi.advanceTimersByTimeAsync(400);
    const stopTwo = everySecond(note('two'));
    await vi.advanceTimersByTimeAsync(300);
    expect(calls).toEqual(['one 1000', 'two 1000']);
    stopOne();
    stopOne();
    await vi.advanceTimersByTimeAsync(1000);
    expect(calls.slice(2)).toEqual(['two 2000']);
    stopTwo();
    expect(vi.getTimerCount()).toBe(0);

    const stopThree = everySecond(note('three'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(calls.slice(3)).toEqual(['three 3000']);
    stopThree();
  });

  it.each([0, 1, 300, 499, 500, 501, 999])('are 0.5 to 1.5 s away, at %i ms', (ms) => {
    const next = toFullSecondMs(1_000_000_000 + ms);
    expect((next + ms) % 1000).toBe(0);
    expect(next).toBeGreaterThanOrEqual(500);
    expect(next).toBeLessThan(1500);
  });

  it('go on when the date is set back by an hour', async () => {
    const called = vi.fn();
    const stop = everySecond(called);
    for (let turn = 0; turn < 10; turn += 1) {
      vi.setSystemTime(Date.now() - hour + 137);
      await vi.advanceTimersByTimeAsync(1500);
    }
    expect(called.mock.calls.length).toBeGreaterThanOrEqual(10);
    stop();
  });
});

describe('work of many steps', () => {
  it('lets everything else have its turn after 4 ms, all such work together', async () => {
    let steps = 0;
    let isOver = false;
    const between: number[] = [];
    const others = (async () => {
      while (!isOver) {
        await new Promise((resolve) => setImmediate(resolve));
        between.push(steps);
        steps = 0;
      }
    })();
    const work = async () => {
      for (let step = 0; step < 100; step += 1) {
        vi.advanceTimersByTime(1);
        steps += 1;
        await breathe();
      }
    };
    await Promise.all([work(), work()]);
    isOver = true;
    await others;
    expect(Math.max(...between)).toBeGreaterThan(2);
    expect(Math.max(...between)).toBeLessThanOrEqual(6);
  });
});

describe('timers', () => {
  it.each([25 * day, 1000 * hour, Number.POSITIVE_INFINITY])(
    'do not fire at once for %d ms',
    async (ms) => {
      const fired = vi.fn();
      const cancel = startTimer(fired, ms);
      await vi.advanceTimersByTimeAsync(24 * day);

      expect(fired).not.toHaveBeenCalled();
      cancel();
      await vi.advanceTimersByTimeAsync(2 * day);
      expect(fired).not.toHaveBeenCalled();
    },
  );

  it('have a longest time that Node takes', () => {
    expect(timerMs(5)).toBe(5);
    expect(timerMs(Number.POSITIVE_INFINITY)).toBe(2_147_483_647);
  });
});

describe('a sleep', () => {
  it.each([5, 25 * day, 60 * day])('of %d ms is as long as that', async (ms) => {
    const woken = vi.fn();
    void sleep(ms).then(woken);
    await vi.advanceTimersByTimeAsync(ms - 1);

    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(woken).toHaveBeenCalled();
  });

  it('ends with the reason of its signal, and leaves no timer and no listener behind', async () => {
    const stop = new AbortController();
    const removed = vi.spyOn(stop.signal, 'removeEventListener');
    const added = vi.spyOn(stop.signal, 'addEventListener');
    const ended = sleep(1, stop.signal);
    await vi.advanceTimersByTimeAsync(1);
    await ended;
    const cut = sleep(day, stop.signal);
    stop.abort(new Error('stopped'));

    await expect(cut).rejects.toThrow('stopped');
    await expect(sleep(day, stop.signal)).rejects.toThrow('stopped');
    expect(added).toHaveBeenCalledTimes(2);
    expect(removed).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a scheduler', () => {
  /** Passes of a scheduler, and those that are full, within some time. */
  async function passes(reconcileIntervalMs: number, withinMs: number, passMs = 0) {
    const stop = new AbortController();
    let count = 0;
    let full = 0;
    const scheduler = createScheduler({
      async pass(isFull) {
        count += 1;
        if (isFull) full += 1;
        if (passMs > 0) await new Promise((resolve) => setTimeout(resolve, passMs));
        return { nextAtMs: Number.POSITIVE_INFINITY };
      },
      reconcileIntervalMs,
      now: monotonicNow,
      onError: (error) => {
        throw error;
      },
    });
    void scheduler.run(stop.signal);
    await vi.advanceTimersByTimeAsync(withinMs);
    const live = liveness(scheduler.overdueMs(), 5000);
    stop.abort();
    return { count, full, live: live.ok };
  }

  it.each([
    [1, 100, 101],
    [30 * second, hour, 121],
    [30 * minute, 29 * minute, 1],
    [30 * minute, 3 * hour, 7],
    [25 * day, 24.9 * day, 1],
    [25 * day, 50 * day, 3],
    [1000 * hour, 999 * hour, 1],
    [1000 * hour, 2000 * hour, 3],
    [Number.POSITIVE_INFINITY, 100 * day, 1],
  ])('has full passes every %d ms: in %d ms %d times', async (everyMs, withinMs, expected) => {
    const { count, full, live } = await passes(everyMs, withinMs);

    expect(full).toBe(expected);
    expect(count).toBe(expected);
    expect(live).toBe(true);
  });

  it('is stuck when a pass does not end, whatever the interval', async () => {
    expect(await passes(1000 * hour, 9 * minute, day)).toMatchObject({ live: true });
    expect(await passes(1000 * hour, 11 * minute, day)).toMatchObject({ live: false });
    expect(liveness(11 * minute, 5000).reasons).toEqual(['no pass has ended for 660 s']);
    // A call may take as long as it was told it may.
    expect(liveness(hour, 2 * minute).ok).toBe(true);
  });

  it('keeps its interval when the date is set', async () => {
    const stop = new AbortController();
    const full: number[] = [];
    const began = monotonicNow();
    const scheduler = createScheduler({
      async pass(isFull) {
        if (isFull) full.push(Math.round(monotonicNow() - began));
        return { nextAtMs: Number.POSITIVE_INFINITY };
      },
      reconcileIntervalMs: 30 * second,
      now: monotonicNow,
      onError() {},
    });
    void scheduler.run(stop.signal);
    for (const byMs of [-hour, day, -365 * day]) {
      await vi.advanceTimersByTimeAsync(10 * second);
      vi.setSystemTime(Date.now() + byMs);
      scheduler.poke();
    }
    await vi.advanceTimersByTimeAsync(minute);
    stop.abort();

    expect(full).toEqual([0, 30_000, 60_000, 90_000]);
  });
});
