import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { monotonicNow } from '../../../src/clock.ts';
import { createScheduler } from '../../../src/engine/scheduler.ts';
import { RemoteError } from '../../../src/errors.ts';
import { follow } from '../../../src/sources/kubernetes/follow.ts';
import { pods } from '../../../src/sources/kubernetes/pod-source.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { section } from '../../helpers/members.ts';
import { bench } from '../../helpers/reconciler.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const minute = 60_000;
const starts = [0, 500, 2000, 5000, 9000, 12_000, 17_000, 20_000, 26_000, 33_000, 41_000, 59_999];

describe.each(starts)('an API that starts after %i ms', (upAfterMs) => {
  it('has a Data Plane API looked for within a second or two, and not more often', async () => {
    const loop = bench(section(['a']));
    const stop = new AbortController();
    const began = monotonicNow();
    const passes: number[] = [];
    loop.fail(new RemoteError('DATAPLANE_UNREACHABLE', 'refused', { retryable: true }));
    const scheduler = createScheduler({
      pass: async () => {
        const ms = monotonicNow() - began;
        passes.push(ms);
        loop.at(ms);
        if (ms >= upAfterMs) loop.fail(null);
        const { nextAtMs } = await loop.pass();
        // The bench has a clock of its own, which begins at 1,000,000.
        return { nextAtMs: nextAtMs - 1_000_000 + began };
      },
      reconcileIntervalMs: Number.POSITIVE_INFINITY,
      now: monotonicNow,
      onError: (error) => {
        throw error;
      },
    });
    void scheduler.run(stop.signal);
    await vi.advanceTimersByTimeAsync(upAfterMs + 20_000);
    stop.abort();

    const late = (passes.find((ms) => ms >= upAfterMs) ?? Infinity) - upAfterMs;
    expect(loop.reconciler.readiness().ready).toBe(true);
    expect(late).toBeLessThanOrEqual(2000);
    expect(passes.filter((ms) => ms < upAfterMs).length).toBeLessThanOrEqual(2 + upAfterMs / 1000);
  });

  it.each([0, 0.5, 1])('has the API server looked for likewise (random %d)', async (random) => {
    const stop = new AbortController();
    const began = monotonicNow();
    const tries: number[] = [];
    const source = follow(
      { source: 'pods', resource: pods, members: () => ({ members: [], notes: [], awaited: 0 }) },
      {
        namespace: 'edge',
        selector: 'app=haproxy',
        log: capturedLog().log,
        random: () => random,
        connect: async () => {
          tries.push(monotonicNow() - began);
          throw new Error('refused');
        },
      },
    );
    source.start(stop.signal);
    await vi.advanceTimersByTimeAsync(upAfterMs + 20_000);
    stop.abort();

    const late = (tries.find((ms) => ms >= upAfterMs) ?? Infinity) - upAfterMs;
    expect(late).toBeLessThanOrEqual(2000);
    expect(tries.filter((ms) => ms < upAfterMs).length).toBeLessThanOrEqual(5 + upAfterMs / 1000);
  });
});

it('leaves an API server alone that is away for long', async () => {
  const stop = new AbortController();
  let tries = 0;
  follow(
    { source: 'pods', resource: pods, members: () => ({ members: [], notes: [], awaited: 0 }) },
    {
      namespace: 'edge',
      selector: 'app=haproxy',
      log: capturedLog().log,
      connect: async () => {
        tries += 1;
        throw new Error('refused');
      },
    },
  ).start(stop.signal);
  await vi.advanceTimersByTimeAsync(10 * minute);
  const before = tries;
  await vi.advanceTimersByTimeAsync(10 * minute);
  stop.abort();

  expect(tries - before).toBeLessThanOrEqual(120);
  expect(tries - before).toBeGreaterThanOrEqual(50);
});
