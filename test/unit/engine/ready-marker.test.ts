import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hold, type Master, resume, sameMaster } from '../../../src/engine/ready-marker.ts';
import { parseShowPeers } from '../../../src/haproxy/show-peers.ts';
import type { Worker } from '../../../src/model/worker.ts';

const ready: Worker = { pid: 8, startedAtSeconds: 1000 };
const next: Worker = { pid: 21, startedAtSeconds: 1500 };
/** In a container that was started again: its process numbers begin anew. */
const reborn: Worker = { pid: 8, startedAtSeconds: 1500 };

const seen = (worker: Worker, handedOver?: boolean) =>
  ({ kind: 'worker', worker, handedOver }) as const;

describe('hold', () => {
  it('keeps the readiness of the same worker, whatever it shows', () => {
    for (const handedOver of [true, false, undefined]) {
      expect(hold(ready, seen(ready, handedOver)).kind).toBe('kept');
    }
    expect(hold(ready, seen({ ...ready, startedAtSeconds: 1001 }, false)).kind).toBe('kept');
  });

  it('goes over to a worker that has the tables, after a reload by anybody', () => {
    expect(hold(ready, seen(next, true))).toEqual({ kind: 'kept', worker: next });
    expect(hold(ready, seen(next))).toEqual({ kind: 'unknown' });
  });

  it('is lost with the tables', () => {
    expect(hold(ready, seen(next, false)).kind).toBe('lost');
    expect(hold(ready, seen(reborn, false)).kind).toBe('lost');
  });

  it('is away while nobody listens, and knows nothing of silence', () => {
    expect(hold(ready, { kind: 'gone' }).kind).toBe('away');
    expect(hold(ready, { kind: 'silent' }).kind).toBe('unknown');
    expect(hold(null, seen(next, false))).toEqual({ kind: 'kept', worker: next });
  });

  it('is never kept by a worker that has nothing of the one before, in any order of looks', () => {
    const look = fc.oneof(
      fc.constant({ kind: 'gone' } as const),
      fc.constant({ kind: 'silent' } as const),
      fc
        .tuple(fc.constantFrom(ready, next, reborn), fc.constantFrom(true, false, undefined))
        .map(([worker, handedOver]) => seen(worker, handedOver)),
    );
    fc.assert(
      fc.property(fc.array(look, { maxLength: 10 }), (looks) => {
        let latched: Worker = ready;
        for (const running of looks) {
          const held = hold(latched, running);
          if (held.kind === 'lost') break;
          if (held.kind !== 'kept') continue;
          const same = held.worker === latched;
          expect(same || (running.kind === 'worker' && running.handedOver === true)).toBe(true);
          latched = held.worker;
        }
      }),
    );
  });
});

describe('who has handed over', () => {
  it.each(['2.6', '3.0', '3.4'])('is told by show peers of HAProxy %s', async (version) => {
    const { readFile } = await import('node:fs/promises');
    const told = async (state: string) => {
      const file = new URL(`../../golden/show-peers/${version}-${state}.txt`, import.meta.url);
      return parseShowPeers(await readFile(file, 'utf8'))[0]?.handedOver;
    };

    expect(await told('reloaded')).toBe(true);
    expect(await told('learned')).toBe(false);
    expect(await told('alone')).toBe(false);
    expect(await told('pending')).toBe(false);
  });
});

describe('a sidecar that starts again', () => {
  const at = (seconds: number, setBy = 0) =>
    ({ boot: 'one', sinceBootMs: seconds * 1000, dateMs: (1e9 + seconds + setBy) * 1000 }) as const;
  const master = (uptimeSeconds: number, seconds: number, setBy = 0): Master => ({
    pid: 1,
    uptimeSeconds,
    at: at(seconds, setBy),
  });
  const kept = { worker: ready, master: master(100, 5000) };

  it('goes on with the worker that was ready, whatever date it is', () => {
    expect(resume(kept, seen(ready, false), null)).toEqual(ready);
  });

  it('goes on with a reload by the same master, at every moment of it', () => {
    expect(resume(kept, seen(next, true), master(160, 5060))).toEqual(next);
    expect(resume(kept, seen(next), master(160, 5060))).toEqual(ready);
    expect(resume(kept, { kind: 'silent' }, master(160, 5060))).toEqual(ready);
  });

  it('does not with tables that nobody handed over, or a master that nobody knows', () => {
    expect(resume(kept, seen(next, false), master(160, 5060))).toBeNull();
    expect(resume(kept, seen(next, true), master(10, 5060))).toBeNull();
    expect(resume(kept, seen(next, true), null)).toBeNull();
    expect(resume({ ...kept, master: null }, seen(next, true), master(160, 5060))).toBeNull();
  });

  it('knows a master by whichever clock it reckons with, on the same boot alone', () => {
    const hour = 3600;
    expect(sameMaster(kept.master, master(160, 5060, hour))).toBe(true);
    expect(sameMaster(kept.master, master(160 + hour, 5060, hour))).toBe(true);
    const other = { ...master(160, 5060), at: { ...at(5060), boot: 'two' } };
    expect(sameMaster(kept.master, other)).toBe(false);
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 1e6 }), fc.integer({ max: 1e6 }), (passed, set) => {
        expect(sameMaster(kept.master, master(100 + passed, 5000 + passed, set))).toBe(true);
        // Started anew since, while nobody has set the date.
        expect(sameMaster(kept.master, master(passed - 5, 5000 + passed))).toBe(false);
      }),
    );
  });
});
