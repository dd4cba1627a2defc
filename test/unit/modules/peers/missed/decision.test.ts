import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  gapOf,
  type Holder,
  type Mute,
  type RepairInput,
  repair,
  shrinks,
} from '../../../../../src/modules/peers/missed/decision.ts';

const now = 100_000;

const million = 1_000_000;

function holdings(used: number | Readonly<Record<string, number>>, size = million) {
  const tables = typeof used === 'number' ? { sessions: used } : used;
  return new Map(Object.entries(tables).map(([name, count]) => [name, { used: count, size }]));
}

function holder(used: number, part: Partial<Holder> = {}): Holder {
  return { name: 'b', connected: true, resync: 'alone', tables: holdings(used), ...part };
}

/** A pod that finished alone and empty, and has looked three times in vain. */
function decide(siblings: readonly Holder[], part: Partial<RepairInput> = {}, used = 0) {
  const own = { resync: 'alone', tables: holdings(used) } as const;
  const rest = { attempts: 0, possible: true, startedAtMs: now - 1000, limitMs: 60_000 };
  const looks = { gapBefore: null, stalledLooks: 3, connectLimitMs: 6000 };
  return repair({ own, siblings, inOtherMode: [], mute: [], ...looks, ...rest, ...part }, now);
}

function learned(used: number): RepairInput['own'] {
  return { resync: 'learned', tables: holdings(used) };
}

describe('repair', () => {
  it('waits without a limit for peers in the other mode, whatever else is known', () => {
    for (const siblings of [[], [holder(0)], [holder(500)]])
      expect(decide(siblings, { inOtherMode: ['b'], startedAtMs: now - 3_600_000 })).toMatchObject({
        ...{ kind: 'wait', for: 'one mode' },
      });
  });

  it('is complete when nobody tells, nobody holds anything, or we hold as much', () => {
    expect(decide([]).kind).toBe('complete');
    expect(decide([holder(0)]).kind).toBe('complete');
    expect(decide([holder(40_000)], {}, 40_000).kind).toBe('complete');
  });

  it('takes what expires and what is written meanwhile for no difference', () => {
    expect(decide([holder(1000)], {}, 990).kind).toBe('complete');
    expect(decide([holder(1000)], {}, 989).kind).toBe('repair');
    expect(decide([holder(1)], {}, 0).kind).toBe('repair');
    expect(decide([holder(1000)], { own: learned(936) }).kind).toBe('complete');
    expect(decide([holder(1000)], { own: learned(935) }).kind).toBe('repair');
    expect(decide([holder(100_000)], { own: learned(99_900) }).kind).toBe('complete');
    expect(decide([holder(40_000)], { own: learned(39_306) }).kind).toBe('repair');
    expect(decide([holder(3)], { own: learned(0) }).kind).toBe('repair');
  });

  it('says who holds what', () => {
    expect(decide([holder(40_000)])).toEqual({
      kind: 'repair',
      reasons: ['b holds 40000 entries of sessions, this pod 0'],
    });
  });

  it('looks again before it acts, and waits while the gap shrinks', () => {
    expect(decide([holder(40_000)], { stalledLooks: 2 })).toMatchObject({ for: 'another look' });
    expect(decide([holder(40_000)], { gapBefore: 40_000 }, 5000)).toMatchObject({ for: 'entries' });
  });

  it('is not deceived by traffic, which makes both grow', () => {
    expect(decide([holder(41_000)], { gapBefore: 40_000 }, 1000).kind).toBe('repair');
    expect(gapOf({ own: learned(1000), siblings: [holder(41_000)] })).toBe(40_000);
    expect(shrinks(40_000, 40_010)).toBe(false);
    expect(shrinks(39_000, 40_000)).toBe(true);
    expect(shrinks(1, null)).toBe(false);
  });

  it('waits for a session with who holds more: a hard-reload before it would miss again', () => {
    const apart = holder(40_000, { connected: false });

    expect(decide([apart])).toMatchObject({ kind: 'wait', for: 'a session' });
    expect(decide([apart, holder(40_000, { name: 'c' })]).kind).toBe('repair');
  });

  it('waits for sessions with those who hold as much, a few seconds', () => {
    const apart = holder(0, { connected: false });

    expect(decide([apart])).toEqual({
      kind: 'wait',
      for: 'a session',
      reasons: ['not connected: b'],
    });
    expect(decide([apart], { startedAtMs: now - 6000 }).kind).toBe('complete');
  });

  it('waits for siblings that are learning themselves, when nobody taught us', () => {
    const learning = holder(20_000, { resync: 'pending' });

    expect(decide([learning])).toMatchObject({
      for: 'a peer that is still learning',
      reasons: ['b may hold entries and has not finished its resync'],
    });
    expect(decide([learning], { own: learned(40_000) }).kind).toBe('complete');
    expect(decide([holder(0, { resync: 'pending' })]).kind).toBe('complete');
    expect(decide([learning], { startedAtMs: now - 60_000 }).kind).toBe('complete');
  });

  it('gives up after two hard-reloads, and where there is none', () => {
    expect(decide([holder(40_000)], { attempts: 1 }).kind).toBe('repair');
    expect(decide([holder(40_000)], { attempts: 2 }).kind).toBe('give-up');
    expect(decide([holder(40_000)], { possible: false }).kind).toBe('give-up');
  });

  it('tries once before it gives up for being late', () => {
    const late = { startedAtMs: now - 60_000, gapBefore: 50_000 };

    expect(decide([holder(40_000)], late).kind).toBe('repair');
    expect(decide([holder(40_000)], { ...late, attempts: 1 }).kind).toBe('give-up');
    expect(decide([holder(40_000, { connected: false })], late).kind).toBe('give-up');
  });

  it('expects no more of a table than fits, and nothing of one that is not here', () => {
    const own = { resync: 'learned', tables: holdings(100, 100) } as const;

    expect(decide([holder(40_000)], { own }).kind).toBe('complete');
    expect(decide([holder(0, { tables: holdings({ other: 5 }) })]).kind).toBe('complete');
  });

  describe('beside siblings that are neither connected nor tell', () => {
    const mute = (part: Partial<Mute> = {}): Mute => ({ name: 'm', connected: false, ...part });
    const late = { startedAtMs: now - 60_000 };
    const wait = { kind: 'wait', for: 'an answer from peers' };

    it('waits for those that are ready, to the end, and says that it has not heard them', () => {
      const closed = { mute: [mute({ serving: true })] };

      expect(decide([], closed)).toMatchObject(wait);
      expect(decide([], { ...closed, startedAtMs: now - 59_999 })).toMatchObject(wait);
      expect(decide([], { ...closed, ...late })).toEqual({
        kind: 'unheard',
        reasons: ['not connected, and no answer about what they hold: m'],
      });
    });

    it('takes the word of one who is ready with everything, and of nobody else', () => {
      const closed = { mute: [mute({ serving: true })] };
      const told = (part: Partial<Holder>) => decide([holder(7, part)], closed, 7).kind;

      expect(told({ complete: true })).toBe('complete');
      // A new pod of the same rollout, that knows as little as we do, whether it has become ready or not.
      expect(told({ complete: false })).toBe('wait');
      expect(told({})).toBe('wait');
      expect(decide([holder(7)], { ...closed, own: learned(7) }).kind).toBe('wait');
      expect(
        decide([], { mute: [...closed.mute, mute({ connected: true, serving: true })] }),
      ).toEqual({
        kind: 'complete',
      });
    });

    it('waits only until HAProxy has tried again where nobody knows whether they run, and nobody at all is met', () => {
      const unknown = { mute: [mute()] };

      expect(decide([], unknown)).toMatchObject(wait);
      expect(decide([], { ...unknown, startedAtMs: now - 5999 })).toMatchObject(wait);
      expect(decide([], { ...unknown, startedAtMs: now - 6000 }).kind).toBe('unmet');
      expect(decide([], { ...unknown, limitMs: 500 }).kind).toBe('unmet');
      // Another one that is as empty may be as new: it says nothing of those who are not heard.
      expect(decide([holder(0)], unknown)).toMatchObject(wait);
      expect(decide([holder(0, { resync: 'pending' })], unknown)).toMatchObject(wait);
      expect(decide([holder(0)], { ...unknown, startedAtMs: now - 6000 }).kind).toBe('unmet');
      expect(decide([holder(0)]).kind).toBe('complete');
      expect(decide([], { ...unknown, own: learned(5) }).kind).toBe('complete');
      expect(decide([], unknown, 5).kind).toBe('complete');
    });

    it('takes nobody as empty as this pod for an answer, whatever session there is', () => {
      const empty = fc.record({
        resync: fc.constantFrom('pending', 'learned', 'alone'),
        connected: fc.boolean(),
      });
      fc.assert(
        fc.property(
          fc.array(empty, { maxLength: 3 }),
          fc.array(fc.boolean(), { maxLength: 3 }),
          fc.constantFrom('learned', 'alone'),
          fc.nat(7000),
          (tellers, mutes, resync, elapsed) => {
            const siblings = tellers.map((part, index) =>
              holder(0, { name: `t${index}`, ...part }),
            );
            const others = mutes.map((connected, index) => mute({ name: `n${index}`, connected }));
            const { kind } = decide(siblings, {
              mute: [mute(), ...others],
              own: { resync, tables: holdings(0) },
              startedAtMs: now - elapsed,
            });
            expect(kind).toBe(elapsed < 6000 ? 'wait' : 'unmet');
          },
        ),
      );
      // One of them is ready: who is taught nothing by another new one has not heard of it.
      const both = [mute({ serving: true }), mute({ name: 'n', connected: true })];
      expect(decide([], { mute: both, own: learned(0) })).toMatchObject(wait);
      expect(decide([], { mute: both, own: learned(5) }).kind).toBe('complete');
    });

    it('does not wait for those whose containers have not started, nor for those that go', () => {
      expect(decide([], { mute: [mute({ serving: false })] }).kind).toBe('complete');
      expect(decide([], { mute: [mute({ serving: true, leaving: true })] }).kind).toBe('complete');
    });
  });
});
