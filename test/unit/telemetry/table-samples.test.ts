import { describe, expect, it } from 'vitest';
import type { TakenSample } from '../../../src/haproxy/table-sample.ts';
import { createTableSamples } from '../../../src/telemetry/table-samples.ts';
import { status } from '../../helpers/status.ts';

const table = (name: string, shared = true) => ({ name, size: 100, used: 1, shared });

function taken(name: string): TakenSample {
  return { table: name, keys: ['a'], expiring: [], below: null, read: 1, whole: true };
}

function samples(tookMs: number, take = async (names: readonly string[]) => names.map(taken)) {
  const clock = { ms: 0 };
  const calls: string[][] = [];
  const withSamples = createTableSamples({
    take: async (names) => {
      calls.push([...names]);
      clock.ms += tookMs;
      return take(names);
    },
    now: () => clock.ms,
    wallNow: () => 1_000_000 + clock.ms,
  });
  return { withSamples, calls, clock };
}

describe('samples of the tables in a status', () => {
  const told = status('a', { tables: [table('sessions'), table('local', false), table('users')] });

  it('are of the shared tables, and say when they were taken', async () => {
    const { withSamples, calls } = samples(10);

    const { tables } = await withSamples(told);

    expect(calls).toEqual([['sessions', 'users']]);
    expect(tables.map(({ name, sample }) => [name, sample?.atMs])).toEqual([
      ['sessions', 1_000_000],
      ['local', undefined],
      ['users', 1_000_000],
    ]);
  });

  it.each([
    [10, 2000],
    [200, 4000],
    [3000, 10_000],
  ])('that took %i ms are told again for %i ms, whoever asks', async (tookMs, freshMs) => {
    const { withSamples, calls, clock } = samples(tookMs);
    await Promise.all([withSamples(told), withSamples(told)]);
    expect(calls).toHaveLength(1);

    clock.ms += freshMs - 1;
    await withSamples(told);
    expect(calls).toHaveLength(1);

    clock.ms += 1;
    await withSamples(told);
    expect(calls).toHaveLength(2);
  });

  it('are taken anew when there are other tables', async () => {
    const { withSamples, calls } = samples(10);
    await withSamples(told);
    await withSamples(status('a', { tables: [table('users')] }));

    expect(calls).toEqual([['sessions', 'users'], ['users']]);
  });

  it('are left out where HAProxy does not give them', async () => {
    const { withSamples } = samples(10, async () => []);

    expect(await withSamples(told)).toEqual(told);
  });
});
