import { describe, expect, it } from 'vitest';
import { type Holder, type RepairInput, repair } from '../../../src/plan/repair.ts';

const now = 100_000;

function holdings(used: number | Readonly<Record<string, number>>) {
  return new Map(Object.entries(typeof used === 'number' ? { sessions: used } : used));
}

function holder(used: number, part: Partial<Holder> = {}): Holder {
  return { name: 'b', connected: true, resync: 'alone', tables: holdings(used), ...part };
}

/** A pod that finished alone and empty, and has looked once before. */
function decide(siblings: readonly Holder[], part: Partial<RepairInput> = {}, used = 0) {
  const own = { resync: 'alone', tables: holdings(used), full: new Set<string>() } as const;
  const rest = { attempts: 0, possible: true, startedAtMs: now - 1000, limitMs: 60_000 };
  return repair({ own, siblings, before: holdings(used), ...rest, ...part }, now);
}

describe('repair', () => {
  it('is complete when nobody tells, nobody holds anything, or we hold as much', () => {
    expect(decide([]).kind).toBe('complete');
    expect(decide([holder(0)]).kind).toBe('complete');
    expect(decide([holder(40_000)], {}, 40_000).kind).toBe('complete');
  });

  it('takes what expires and what is written meanwhile for no difference', () => {
    expect(decide([holder(1000)], {}, 901).kind).toBe('complete');
    expect(decide([holder(1000)], {}, 899).kind).toBe('repair');
    expect(decide([holder(1)], {}, 0).kind).toBe('repair');
  });

  it('says who holds what', () => {
    expect(decide([holder(40_000)])).toEqual({
      kind: 'repair',
      reasons: ['b holds 40000 entries of sessions, this pod 0'],
    });
  });

  it('looks twice, and waits while entries come in', () => {
    expect(decide([holder(40_000)], { before: null }).kind).toBe('wait');
    expect(decide([holder(40_000)], { before: holdings(10) }, 5000)).toMatchObject({
      kind: 'wait',
      reasons: [expect.stringContaining('5000'), 'and entries are coming in'],
    });
  });

  it('waits for a session with who holds more: a hard-reload before it would miss again', () => {
    const apart = holder(40_000, { connected: false });

    expect(decide([apart]).kind).toBe('wait');
    expect(decide([apart, holder(40_000, { name: 'c' })]).kind).toBe('repair');
  });

  it('waits for siblings that are learning themselves, when nobody taught us', () => {
    const learning = holder(20_000, { resync: 'pending' });
    const taught = { tables: holdings(40_000), full: new Set<string>() };

    expect(decide([learning])).toMatchObject({
      kind: 'wait',
      reasons: ['b may hold entries and has not finished its resync'],
    });
    expect(decide([learning], { own: { resync: 'learned', ...taught } }).kind).toBe('complete');
    expect(decide([holder(0, { resync: 'pending' })]).kind).toBe('complete');
    expect(decide([learning], { startedAtMs: now - 60_000 }).kind).toBe('complete');
  });

  it('gives up after two hard-reloads, after the limit, and where there is none', () => {
    expect(decide([holder(40_000)], { attempts: 1 }).kind).toBe('repair');
    expect(decide([holder(40_000)], { attempts: 2 }).kind).toBe('give-up');
    expect(decide([holder(40_000)], { startedAtMs: now - 60_000 }).kind).toBe('give-up');
    expect(decide([holder(40_000)], { possible: false }).kind).toBe('give-up');
  });

  it('expects no more of a table than fits, and nothing of one that is not here', () => {
    const own = { resync: 'learned', tables: holdings(100), full: new Set(['sessions']) } as const;

    expect(decide([holder(40_000)], { own }).kind).toBe('complete');
    expect(decide([holder(0, { tables: holdings({ other: 5 }) })]).kind).toBe('complete');
  });
});
