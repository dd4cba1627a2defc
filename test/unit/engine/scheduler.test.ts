import { describe, expect, it } from 'vitest';
import { createScheduler } from '../../../src/engine/scheduler.ts';
import { eventually } from '../../helpers/eventually.ts';

function running(
  pass: (full: boolean) => Promise<{ nextAtMs: number }>,
  reconcileIntervalMs = 3_600_000,
) {
  const stop = new AbortController();
  const errors: unknown[] = [];
  const scheduler = createScheduler({
    pass,
    reconcileIntervalMs,
    now: Date.now,
    onError: (error) => errors.push(error),
  });
  const ended = scheduler.run(stop.signal);
  function end(): Promise<void> {
    stop.abort();
    return ended;
  }
  return { scheduler, stop: end, errors };
}

const never = Number.POSITIVE_INFINITY;

describe('createScheduler', () => {
  it('begins with a full pass and then sleeps', async () => {
    const passes: boolean[] = [];
    const run = running(async (full) => {
      passes.push(full);
      return { nextAtMs: never };
    });

    await eventually(() => passes.length === 1);
    await run.stop();

    expect(passes).toEqual([true]);
    expect(run.scheduler.lastPassAtMs()).not.toBeNull();
  });

  it('collapses pokes that come during a pass into one further pass', async () => {
    let passes = 0;
    let finish = (): void => {};
    const run = running(async () => {
      passes += 1;
      if (passes === 1) await new Promise<void>((resolve) => (finish = resolve));
      return { nextAtMs: never };
    });

    await eventually(() => passes === 1);
    for (let poke = 0; poke < 100; poke++) run.scheduler.poke();
    finish();
    await eventually(() => passes === 2);
    run.scheduler.poke();
    await eventually(() => passes === 3);
    await run.stop();

    expect(passes).toBe(3);
  });

  it('looks again when a pass asks for it, without a full pass', async () => {
    const passes: boolean[] = [];
    const run = running(async (full) => {
      passes.push(full);
      return { nextAtMs: passes.length < 3 ? Date.now() : never };
    });

    await eventually(() => passes.length === 3);
    await run.stop();

    expect(passes).toEqual([true, false, false]);
  });

  it('compares everything by itself, now and then', async () => {
    const passes: boolean[] = [];
    const run = running(async (full) => {
      passes.push(full);
      return { nextAtMs: never };
    }, 5);

    // A timer may fire a fraction of a millisecond early, which costs one pass that is not full.
    await eventually(() => passes.filter((full) => full).length >= 3);
    await run.stop();

    expect(passes[0]).toBe(true);
  });

  it('survives a pass that throws', async () => {
    let passes = 0;
    const run = running(async () => {
      passes += 1;
      if (passes === 1) throw new Error('defect');
      return { nextAtMs: never };
    });

    await eventually(() => run.errors.length === 1);
    run.scheduler.poke();
    await eventually(() => passes === 2);
    await run.stop();
  });
});
