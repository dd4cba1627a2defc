import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  confirmed,
  differencesIn,
  type Told,
  worstOf,
} from '../../../src/cli/table-differences.ts';
import { createSampler } from '../../../src/haproxy/table-sample.ts';
import type { Status } from '../../../src/telemetry/status-schema.ts';
import { status } from '../../helpers/status.ts';

interface Held {
  readonly keys: readonly string[];
  /** Of those, the first to expire soon. */
  readonly expiring?: number;
  /** Only so many are read. */
  readonly read?: number;
  readonly size?: number;
  readonly version?: string;
  readonly part?: Partial<Status>;
}

/** A replica that holds these keys, and its sample as the sidecar takes it, HAProxy listing keys in their order. */
function told(name: string, held: Held): Told {
  const { keys, expiring = 0, read = keys.length, size = 1_000_000, version = '3.4.0-x' } = held;
  const sampler = createSampler();
  const lines = keys.toSorted().slice(0, read);
  for (const [index, key] of lines.entries())
    sampler.add(`0x1: key=${key} use=0 exp=${index < expiring ? 500 : 60_000} gpc0=1\n`);
  const { keys: chosen, expiring: soon, ...rest } = sampler.sample(read >= keys.length);
  const sample = { atMs: 1, keys: [...chosen], expiring: [...soon], ...rest };
  const table = { name: 'sessions', size, used: keys.length, shared: true, sample };
  const part = { tables: [table], haproxy: { version, reloads: 0 }, ...held.part };
  return { name, status: status(name, part) };
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `key-${String(from + index).padStart(7, '0')}`);

const found = (...all: readonly Told[]) => worstOf(differencesIn(all));

describe('tables with as many entries on each replica', () => {
  it('are told apart when half of them are others, by about how many', () => {
    const both = found(
      told('web-1', { keys: range(0, 10_000) }),
      told('web-2', { keys: [...range(0, 5000), ...range(20_000, 25_000)] }),
    );

    expect(both.map(({ replica, holder }) => [replica, holder])).toEqual([
      ['web-1', 'web-2'],
      ['web-2', 'web-1'],
    ]);
    for (const { entries } of both) {
      expect(entries).toBeGreaterThan(4000);
      expect(entries).toBeLessThan(6000);
    }
  });

  it('are the same when they are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{1,8}$/), {
          maxLength: 1000,
        }),
        (keys) => {
          expect(found(told('a', { keys }), told('b', { keys: keys.toReversed() }))).toEqual([]);
        },
      ),
    );
  });

  it('name no key that is on both, whatever was read of each', () => {
    // Two keys with one hash look like one that is on both: of 3000 keys there are a few such pairs.
    const hashes = range(0, 3000).map((key) => hash('sha256', key).slice(0, 6));
    const unlike = range(0, 3000).filter(
      (_, index) => hashes.indexOf(hashes[index] ?? '') === index,
    );
    const read = fc.integer({ min: 0, max: 3000 });
    fc.assert(
      fc.property(read, read, fc.integer({ min: 0, max: 3000 }), (a, b, shift) => {
        const first = told('a', { keys: unlike, read: a });
        const second = told('b', { keys: unlike.slice(shift), read: b });
        const lacking = differencesIn([first, second]).filter(({ replica }) => replica === 'a');
        // All that b holds a holds, too; only a table of which nothing in common was read may look otherwise.
        const common = first.status.tables[0]?.sample?.keys.some((key) =>
          second.status.tables[0]?.sample?.keys.includes(key),
        );
        if (common) expect(lacking).toEqual([]);
      }),
    );
  });

  it('are told apart where only a part of them can be read', () => {
    const all = range(0, 100_000);
    const lost = all.filter((_, index) => index % 10 !== 0);

    const [first] = found(
      told('web-1', { keys: all, read: 30_000 }),
      told('web-2', { keys: [...lost, ...range(200_000, 210_000)], read: 30_000 }),
    );

    expect(first).toMatchObject({ replica: 'web-2', holder: 'web-1' });
    expect(first?.entries).toBeGreaterThan(5000);
    expect(first?.entries).toBeLessThan(16_000);
  });

  it.each<[string, Held, Held]>([
    ['expire in a moment', { keys: range(0, 100), expiring: 5 }, { keys: range(5, 105) }],
    [
      'are full: each drops its own oldest',
      { keys: range(0, 100), size: 100 },
      { keys: range(50, 150), size: 100 },
    ],
    [
      'are still learned',
      { keys: range(0, 100), part: { resync: 'pending' } },
      { keys: range(50, 150) },
    ],
    [
      'were read in part by HAProxies that list them in another order',
      { keys: range(0, 1000), read: 100 },
      { keys: range(50, 1050), read: 100, version: '2.6.12' },
    ],
  ])('are not spoken of where they %s', (_, mine, theirs) => {
    const lacking = found(told('web-1', mine), told('web-2', theirs));

    expect(lacking.filter(({ replica }) => replica === 'web-2')).toEqual([]);
  });

  it('are compared with those that hold most, however many replicas there are', () => {
    const all = Array.from({ length: 300 }, (_, index) =>
      told(`web-${index}`, { keys: index === 7 ? range(0, 500) : range(0, 1000) }),
    );

    const lacking = found(...all);

    expect(lacking).toHaveLength(1);
    expect(lacking[0]).toMatchObject({ replica: 'web-7' });
  });
});

describe('a difference that two looks have found', () => {
  it('is of the keys that were missing in both', () => {
    const holder = told('a', { keys: range(0, 1000) });
    const look = (lacks: readonly string[]) =>
      differencesIn([
        holder,
        told('b', { keys: range(0, 1000).filter((key) => !lacks.includes(key)) }),
      ]);
    const lost = range(0, 200);

    const [still] = confirmed(
      look([...lost, ...range(300, 400)]),
      look([...lost, ...range(500, 600)]),
    );

    expect(still).toMatchObject({ replica: 'b', holder: 'a' });
    expect(still?.entries).toBeGreaterThan(120);
    expect(still?.entries).toBeLessThan(280);
    expect(confirmed(look(range(0, 100)), look(range(100, 200)))).toEqual([]);
  });
});
