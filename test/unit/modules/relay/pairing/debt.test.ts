import { describe, expect, it } from 'vitest';
import { createDebt } from '../../../../../src/modules/relay/pairing/debt.ts';
import type { View } from '../../../../../src/modules/relay/pairing/view.ts';

const view = (worker: string, more: Partial<View> = {}): View => ({
  ...{ worker, learned: true, fresh: false, entries: 10 },
  ...more,
});

/** Two that were together with our worker w1 for a minute. */
function together() {
  let nowMs = 0;
  const debt = createDebt(() => nowMs);
  const session = (mine: View, lastsMs: number): boolean => {
    const { teach } = debt.begin(mine, null);
    debt.paired();
    nowMs += lastsMs;
    debt.ended();
    return teach;
  };
  expect(session(view('w1'), 60_000)).toBe(false);
  return { debt, session };
}

describe('what our HAProxy owes another after a reload', () => {
  it('is one lesson, and nothing once it has lasted', () => {
    const { session } = together();
    expect(session(view('w2'), 60_000)).toBe(true);
    expect(session(view('w2'), 60_000)).toBe(false);
  });

  it('is still owed after a session that began while the new worker was taking over', () => {
    const { debt, session } = together();
    debt.begin(view('w2', { learned: false }), null);
    debt.paired();
    expect(debt.isDue(view('w2'))).toBe(true);
    debt.ended();
    expect(session(view('w2'), 60_000)).toBe(true);
    expect(debt.isDue(view('w2'))).toBe(false);
  });

  it('is still owed after a lesson that broke off, and not due while it is given', () => {
    const { debt, session } = together();
    expect(session(view('w2'), 100)).toBe(true);
    expect(debt.begin(view('w2'), null).teach).toBe(true);
    debt.paired();
    expect(debt.isDue(view('w2'))).toBe(false);
  });

  it('is owed over any number of reloads, in any state of the new workers', () => {
    const { session } = together();
    expect(session(view('w2', { learned: false }), 10)).toBe(false);
    expect(session(view('w3'), 10)).toBe(true);
    expect(session(view('w4', { learned: false }), 60_000)).toBe(false);
    expect(session(view('w4'), 60_000)).toBe(true);
  });

  it('is nothing when our HAProxy was started anew', () => {
    const { debt, session } = together();
    expect(session(view('w2', { learned: false, fresh: true }), 10)).toBe(false);
    expect(debt.isDue(view('w2', { fresh: true }))).toBe(false);
  });
});
