import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginning,
  type Compared,
  confirmedFor,
  type Marked,
  type Marks,
  needsMarks,
  onCompared,
  onPaired,
} from '../../../../../src/modules/relay/pairing/beginning.ts';
import type { View } from '../../../../../src/modules/relay/pairing/view.ts';

const view = (worker: string, entries = 5): View => ({
  ...{ worker, learned: true, fresh: false, entries },
});
const marks: Marks = new Map([
  ['sessions', { id: 1, last: 40 }],
  ['other', { id: 2, last: 7 }],
]);
const both = { mine: view('m1'), theirs: view('t1') };

/** A session over a link where both held entries, before the other side has compared. */
function opened(): Marked {
  const { marked } = beginning({ ...both, marked: null, willCompare: true, marks });
  if (marked === null) throw new Error('no marks');
  return marked;
}

describe('what a session begins with', () => {
  it.each([
    ['they are not compared', { ...both, willCompare: false }],
    ['we hold nothing', { ...both, mine: view('m1', 0), willCompare: true }],
    ['they hold nothing', { ...both, theirs: view('t1', 0), willCompare: true }],
  ])('as any other, and marks are not asked for: %s', (_, input) => {
    expect(needsMarks({ ...input, marked: null })).toBe(false);
    const { begins, marked } = beginning({ ...input, marked: null, marks: null });
    expect([begins.kind, marked, confirmedFor(begins)]).toEqual(['unconfirmed', null, null]);
  });

  it('behind what was written before, where that is compared', () => {
    const { begins } = beginning({ ...both, marked: null, willCompare: true, marks });
    expect(confirmedFor(begins)).toEqual(
      new Map([
        [1, 40],
        [2, 7],
      ]),
    );
  });

  it('all, where HAProxy does not say how far it has written: it may count as confirmed', () => {
    const { begins, marked } = beginning({
      ...{ ...both, marked: null, willCompare: true, marks: null },
    });
    expect([begins.kind, marked]).toEqual(['all', null]);
  });

  it('behind the same marks again, as long as the other side has not compared', () => {
    const marked = onPaired(opened());
    const again = beginning({ ...both, marked, willCompare: false, marks: null });
    expect(again.begins).toEqual({ kind: 'marks', marks, allOf: [] });
    expect(again.marked).toEqual(marked);
  });

  it('as any other once it has', () => {
    const { marked, why } = onCompared(opened(), { left: [], why: null });
    expect(why).toBeNull();
    const next = beginning({ ...both, marked, willCompare: false, marks: null });
    expect(next.begins.kind).toBe('unconfirmed');
  });

  it('all of the tables that cannot be compared, in another session', () => {
    const { marked, why } = onCompared(opened(), { left: ['other', 'unknown'], why: null });
    expect(why).toBe('tables that cannot be compared: other');
    const { begins } = beginning({ ...both, marked, willCompare: false, marks: null });
    expect(confirmedFor(begins)).toEqual(new Map([[1, 40]]));
  });

  it('all, in another session, where it cannot be compared at all', () => {
    const { marked, why } = onCompared(opened(), { left: [], why: 'too many' });
    expect(why).toBe('too many');
    const { begins } = beginning({ ...both, marked, willCompare: false, marks: null });
    expect([begins.kind, confirmedFor(begins)]).toEqual(['all', new Map()]);
  });

  it.each([
    ['ours', { ...both, mine: view('m2') }],
    ['theirs', { ...both, theirs: view('t2') }],
  ])('as any other with another worker: %s', (_, input) => {
    const next = beginning({ ...input, marked: opened(), willCompare: false, marks: null });
    expect([next.begins.kind, next.marked]).toEqual(['unconfirmed', null]);
  });

  type Event =
    | { readonly kind: 'session'; readonly comes: boolean }
    | { readonly kind: 'compared'; readonly told: Compared };
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.record({ kind: fc.constant('session' as const), comes: fc.boolean() }),
    fc.record({
      kind: fc.constant('compared' as const),
      told: fc.record({
        left: fc.subarray(['sessions', 'other', 'unknown']),
        why: fc.option(fc.constant('why')),
      }),
    }),
  );

  // What was written before the marks is lost only if neither a comparison nor a session brings it.
  it('in whatever order things happen, each table is compared or sent, and no session is asked for in vain', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        let marked: Marked | null = opened();
        const brought = new Set<string>();
        let isOwed = false;
        for (const each of events) {
          if (each.kind === 'session') {
            const next = beginning({ ...both, marked, willCompare: false, marks: null });
            ({ marked } = next);
            const sent = confirmedFor(next.begins);
            if (!each.comes) continue;
            marked = onPaired(marked);
            for (const [name, { id }] of marks) if (sent?.has(id) === false) brought.add(name);
            isOwed = false;
          } else {
            const before = marked?.state.kind;
            const next = onCompared(marked, each.told);
            ({ marked } = next);
            if (before !== 'open') expect(next.why).toBeNull();
            else if (each.told.why === null)
              for (const name of marks.keys())
                if (!each.told.left.includes(name)) brought.add(name);
            isOwed ||= next.why !== null;
          }
          expect(isOwed).toBe(marked?.state.kind === 'left');
          if (marked?.state.kind === 'done')
            expect([...brought].toSorted()).toEqual(['other', 'sessions']);
        }
      }),
    );
  });
});
