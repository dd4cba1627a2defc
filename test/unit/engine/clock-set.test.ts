import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { monotonicNow, wallNow } from '../../../src/clock.ts';
import { createFleet } from '../../helpers/fleet.ts';
import { membership } from '../../helpers/members.ts';
import { randomOf } from '../../helpers/random.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const hour = 3_600_000;

describe.each([-hour, hour, -24 * hour, 24 * hour])('the date set by %i ms', (byMs) => {
  it('keeps nobody out who joins after a reload', async () => {
    const names = ['a', 'b', 'c'];
    const fleet = createFleet({ names, random: randomOf(1), now: monotonicNow, wallNow });
    for (const each of fleet.replicas) each.start();
    const all = [...names, fleet.joins('n')];
    for (const each of fleet.replicas) each.source.set(membership(...all));
    await vi.advanceTimersByTimeAsync(3000);
    const before = fleet.reloads.length;

    vi.setSystemTime(Date.now() + byMs);
    const more = [...all, fleet.joins('o')];
    for (const each of fleet.replicas) each.source.set(membership(...more));
    await vi.advanceTimersByTimeAsync(5000);

    expect(before).toBe(3);
    for (const each of fleet.replicas) {
      expect((await each.section()).map(({ name }) => name)).toContain('o');
    }
    fleet.stop();
  });

  it('removes who is gone after the same time', async () => {
    const names = ['a', 'b', 'c'];
    const fleet = createFleet({
      names,
      others: ['z'],
      random: randomOf(1),
      now: monotonicNow,
      wallNow,
    });
    for (const each of fleet.replicas) each.start();
    await vi.advanceTimersByTimeAsync(60_000);
    fleet.leaves('z');
    const began = monotonicNow();
    for (const each of fleet.replicas) each.source.set(membership(...names));
    await vi.advanceTimersByTimeAsync(60_000);
    vi.setSystemTime(Date.now() + byMs);
    await vi.advanceTimersByTimeAsync(400_000);

    const times = fleet.reloads.map(({ atMs }) => atMs - began);
    expect(times).toHaveLength(3);
    for (const ms of times) {
      expect(ms).toBeGreaterThanOrEqual(300_000);
      expect(ms).toBeLessThan(312_000);
    }
    fleet.stop();
  });
});
