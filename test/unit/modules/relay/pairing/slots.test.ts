import { describe, expect, it } from 'vitest';
import {
  anew,
  assign,
  begin,
  compared,
  createSlots,
  needsReset,
  retain,
  type Slots,
} from '../../../../../src/modules/relay/pairing/slots.ts';

/** Of a worker that has started while this sidecar ran. */
const fresh = (names: readonly string[]) => anew(createSlots(names));

function given(slots: Slots, uid: string): { slots: Slots; slot: string } {
  const assigned = assign(slots, uid);
  if (assigned.kind === 'full') throw new Error('full');
  return assigned;
}

/** A session of `uid` with that worker: which slot, and whether it has to be reset before. */
function session(slots: Slots, uid: string, worker: string) {
  const { slots: next, slot } = given(slots, uid);
  const reset = needsReset(next, slot, uid, worker);
  return { slot, reset, slots: begin(next, slot, uid, worker) };
}

describe('slots of the own HAProxy', () => {
  it('a pod keeps its own for as long as it is there', () => {
    const first = given(fresh(['s1', 's2']), 'a');
    const second = given(first.slots, 'b');
    expect([first.slot, second.slot, given(second.slots, 'a').slot]).toEqual(['s1', 's2', 's1']);
  });

  it('gives those that were never used before those that were', () => {
    let one = session(fresh(['s1', 's2', 's3']), 'a', 'w1');
    one = session(retain(one.slots, new Set()), 'b', 'w1');
    expect(one).toMatchObject({ slot: 's2', reset: false });
    one = session(retain(one.slots, new Set()), 'c', 'w1');
    expect(one).toMatchObject({ slot: 's3', reset: false });
    one = session(retain(one.slots, new Set()), 'd', 'w1');
    expect(one).toMatchObject({ slot: 's1', reset: true });
  });

  it('a pod that comes back is given the one it had, with what it has confirmed there', () => {
    let one = session(createSlots(['s1', 's2', 's3']), 'a', 'w1');
    one = session(retain(one.slots, new Set()), 'b', 'w1');
    expect(session(retain(one.slots, new Set()), 'a', 'w1')).toMatchObject({
      ...{ slot: 's1', reset: false },
    });
  });

  it('resets one that another worker of the same pod was served by, and not for the same worker', () => {
    const one = session(fresh(['s1']), 'a', 'w1');
    expect(session(one.slots, 'a', 'w1').reset).toBe(false);
    expect(session(one.slots, 'a', 'w2')).toMatchObject({ slot: 's1', reset: true });
  });

  it('resets one whose session began behind marks, until that pod has compared', () => {
    const { slots, slot } = given(fresh(['s1', 's2']), 'a');
    const marked = begin(slots, slot, 'a', 'w1', false);
    expect(session(marked, 'a', 'w1').reset).toBe(true);
    expect(session(compared(marked, 'b'), 'a', 'w1').reset).toBe(true);
    expect(session(compared(marked, 'a'), 'a', 'w1').reset).toBe(false);
    // Nor is that of another pod whole which had the slot before.
    const left = retain(marked, new Set());
    expect(compared(left, 'a')).toBe(left);
    const held = given(left, 'a').slots;
    expect(compared(held, 'a').used.get(slot)?.whole).toBe(true);
  });

  it('refuses when every slot is held, and gives the first that is free again', () => {
    const full = session(session(fresh(['s1', 's2']), 'a', 'w').slots, 'b', 'w').slots;
    expect(assign(full, 'c')).toEqual({ kind: 'full' });
    expect(session(retain(full, new Set(['a'])), 'c', 'w')).toMatchObject({
      ...{ slot: 's2', reset: true },
    });
  });

  it('resets each once for a worker that was there before this sidecar', () => {
    const one = session(createSlots(['s1', 's2']), 'a', 'w1');
    expect(one).toMatchObject({ slot: 's1', reset: true });
    expect(session(one.slots, 'a', 'w1').reset).toBe(false);
    expect(session(one.slots, 'b', 'w1')).toMatchObject({ slot: 's2', reset: true });
  });

  it('another worker of our own has used none, and pods keep theirs', () => {
    const one = session(fresh(['s1', 's2']), 'a', 'w1');
    expect(session(anew(one.slots), 'a', 'w1')).toMatchObject({ slot: 's1', reset: false });
  });

  it('never gives one slot to two pods, nor one again without a reset, in any order of coming and going', () => {
    let seed = 7;
    const next = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return seed % below;
    };
    let slots = fresh(['s1', 's2', 's3', 's4']);
    const last = new Map<string, string>();
    for (let turn = 0; turn < 5000; turn += 1) {
      const uid = `u${next(9)}`;
      if (next(3) === 0) {
        const staying = [...slots.held.keys()].filter((each) => each !== uid);
        slots = retain(slots, new Set(staying));
        continue;
      }
      const assigned = assign(slots, uid);
      if (assigned.kind === 'full') {
        expect(slots.held.size).toBe(4);
        continue;
      }
      const worker = `w${next(3)}`;
      const { slot } = assigned;
      const used = last.get(slot);
      const reset = needsReset(assigned.slots, slot, uid, worker);
      expect(reset).toBe(used !== undefined && used !== `${uid} ${worker}`);
      slots = begin(assigned.slots, slot, uid, worker);
      last.set(slot, `${uid} ${worker}`);
      expect(new Set(slots.held.values()).size).toBe(slots.held.size);
    }
  });
});
