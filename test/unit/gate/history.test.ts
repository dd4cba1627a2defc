import { describe, expect, it } from 'vitest';
import type { Observed } from '../../../src/gate/facts.ts';
import { createHistory, type HistoryRecord } from '../../../src/gate/history.ts';
import type { PeersChanges } from '../../../src/model/changes.ts';

const none: PeersChanges = { create: false, add: [], update: [], remove: [] };
const observed: Observed = { kind: 'down', why: 'not asked' };

function entry(name: string) {
  return { name, address: '10.0.0.1', port: 3000 };
}

function started() {
  let nowMs = 1000;
  const history = createHistory(() => nowMs);
  return {
    history,
    noted(atMs: number, changes: Partial<PeersChanges>) {
      nowMs = atMs;
      history.note({ ...none, ...changes }, observed);
      return history.value();
    },
  };
}

describe('since when nothing but the turn is left', () => {
  const turn = { kind: 'wait', untilMs: 0, reasons: [], codes: ['turn'] } as const;

  it('is what the gate says, until something else is in the way', () => {
    const { history } = started();

    expect(history.value()).toMatchObject({ dueMs: null, blockedUntilMs: Infinity });
    history.decided({ kind: 'wait', untilMs: 1300, reasons: [], codes: ['burst'] });
    expect(history.value()).toMatchObject({ dueMs: null, blockedUntilMs: 1300 });
    history.decided({ ...turn, dueMs: 1300 });
    expect(history.value().dueMs).toBe(1300);
  });

  it('counts the turns that were missed, until it is over', () => {
    const { history } = started();

    for (const dueMs of [1300, 1300, 9000, 15_000])
      history.decided({ ...turn, untilMs: dueMs + 300, dueMs });
    expect(history.value()).toMatchObject({ missedTurns: 2, blockedUntilMs: 15_300 });
    history.decided({ kind: 'apply', via: 'reload', changes: none, reasons: [] });

    expect(history.value().missedTurns).toBe(0);
  });

  it.each([
    ['nothing differs', (history) => history.decided({ kind: 'none', reasons: [] })],
    [
      'it is applied',
      (history) => history.decided({ kind: 'apply', via: 'reload', changes: none, reasons: [] }),
    ],
    ['it is held', (history) => history.decided({ kind: 'hold', reasons: [], codes: [] })],
    ['a pass failed', (history) => history.blocked()],
    ['a change failed', (history) => history.failed()],
  ] satisfies [string, (history: HistoryRecord) => void][])('is over when %s', (_, act) => {
    const { history } = started();
    history.decided({ ...turn, dueMs: 1300 });

    act(history);

    expect(history.value()).toMatchObject({ dueMs: null, blockedUntilMs: Infinity });
  });
});

describe('the history of a change', () => {
  it('begins a burst with the first who joins, not with the dead peer that waited for one', () => {
    const { noted } = started();

    noted(1000, { remove: [entry('dead')] });
    const value = noted(9000, { remove: [entry('dead')], add: [entry('new')] });

    expect(value).toMatchObject({ joinSinceMs: 9000, changedAtMs: 9000, lazySinceMs: 1000 });
  });

  it('keeps the beginning of a burst while more join', () => {
    const { noted } = started();

    noted(1000, { add: [entry('a')] });
    const value = noted(1500, { add: [entry('a'), entry('b')] });

    expect(value).toMatchObject({ joinSinceMs: 1000, changedAtMs: 1500 });
  });

  it('begins another burst after the first was applied', () => {
    const { history, noted } = started();

    noted(1000, { add: [entry('a')] });
    history.applied({ reloaded: true }, observed);
    const value = noted(4000, { add: [entry('b')] });

    expect(value).toMatchObject({ joinSinceMs: 4000, lastReloadAtMs: 1000 });
  });

  it('knows which turns the last reload was one of', () => {
    const { history } = started();

    history.applied({ reloaded: true, beganMs: 700 }, observed);
    expect(history.value().lastBeganMs).toBe(700);
    history.applied({ reloaded: false, beganMs: 900 }, observed);
    expect(history.value().lastBeganMs).toBe(700);
    history.reloaded(observed);
    expect(history.value().lastBeganMs).toBeNull();
  });

  it('begins another burst after nobody wanted to join any more', () => {
    const { noted } = started();

    noted(1000, { add: [entry('a')] });
    noted(2000, { remove: [entry('dead')] });

    expect(noted(3000, { remove: [entry('dead')], add: [entry('b')] }).joinSinceMs).toBe(3000);
  });

  it.each([
    ['not-connected', 5000],
    ['siblings-behind', 5000],
    ['turn', null],
  ] as const)('remembers when %s was last waited for: %s', (code, siblingWaitMs) => {
    const { history, noted } = started();

    noted(5000, { add: [entry('a')] });
    history.decided({ kind: 'wait', untilMs: 5100, reasons: [], codes: ['burst', code] });
    expect(history.value().siblingWaitMs).toBe(siblingWaitMs);
    noted(6000, { add: [entry('a')] });
    history.decided({ kind: 'wait', untilMs: 6100, reasons: [], codes: ['turn'] });
    expect(history.value().siblingWaitMs).toBe(siblingWaitMs);
  });
});
