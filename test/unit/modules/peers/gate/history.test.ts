import { describe, expect, it } from 'vitest';
import type { PeersChanges } from '../../../../../src/model/changes.ts';
import type { Observed } from '../../../../../src/model/observed.ts';
import type { PeerState } from '../../../../../src/model/peers-state.ts';
import {
  type HistoryEvent,
  noMemory,
  remember,
} from '../../../../../src/modules/peers/gate/history.ts';
import { peer, up } from '../../../../helpers/members.ts';

const none: PeersChanges = { create: false, add: [], update: [], remove: [] };
const observed: Observed = { kind: 'down', why: 'not asked' };

function entry(name: string) {
  return { name, address: '10.0.0.1', port: 3000 };
}

function started() {
  let nowMs = 1000;
  let memory = noMemory;
  const happened = (...events: readonly HistoryEvent[]) => {
    for (const event of events) memory = remember(memory, event, nowMs);
  };
  return {
    happened,
    value: () => memory.history,
    noted(atMs: number, changes: Partial<PeersChanges>, seen = observed) {
      nowMs = atMs;
      happened({ kind: 'planned', changes: { ...none, ...changes }, observed: seen });
      return memory.history;
    },
  };
}

describe('since when nothing but the turn is left', () => {
  const turn = { kind: 'wait', untilMs: 0, reasons: [], codes: ['turn'] } as const;

  it('is what the gate says, until something else is in the way', () => {
    const { happened, value } = started();

    expect(value()).toMatchObject({ dueMs: null, blockedUntilMs: Infinity });
    happened({
      kind: 'decided',
      decision: { kind: 'wait', untilMs: 1300, reasons: [], codes: ['burst'] },
    });
    expect(value()).toMatchObject({ dueMs: null, blockedUntilMs: 1300 });
    happened({ kind: 'decided', decision: { ...turn, dueMs: 1300 } });
    expect(value().dueMs).toBe(1300);
  });

  it('counts the turns that were missed, until it is over', () => {
    const { happened, value } = started();

    for (const dueMs of [1300, 1300, 9000, 15_000])
      happened({ kind: 'decided', decision: { ...turn, untilMs: dueMs + 300, dueMs } });
    expect(value()).toMatchObject({ missedTurns: 2, blockedUntilMs: 15_300 });
    happened({
      kind: 'decided',
      decision: { kind: 'apply', via: 'reload', reasons: [] },
    });

    expect(value().missedTurns).toBe(0);
  });

  it.each([
    ['nothing differs', { kind: 'decided', decision: { kind: 'none', reasons: [] } }],
    [
      'it is applied',
      {
        kind: 'decided',
        decision: { kind: 'apply', via: 'reload', reasons: [] },
      },
    ],
    ['it is held', { kind: 'decided', decision: { kind: 'hold', reasons: [], codes: [] } }],
    ['a pass failed', { kind: 'blocked' }],
    ['a change failed', { kind: 'failed' }],
  ] satisfies [string, HistoryEvent][])('is over when %s', (_, event) => {
    const { happened, value } = started();
    happened({ kind: 'decided', decision: { ...turn, dueMs: 1300 } });

    happened(event);

    expect(value()).toMatchObject({ dueMs: null, blockedUntilMs: Infinity });
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
    const { happened, noted } = started();

    noted(1000, { add: [entry('a')] });
    happened({ kind: 'no-change' }, { kind: 'reloaded', observed });
    const value = noted(4000, { add: [entry('b')] });

    expect(value).toMatchObject({ joinSinceMs: 4000, lastReloadAtMs: 1000 });
  });

  it('is not another one at each look where nothing is wanted', () => {
    const { noted } = started();

    noted(1000, { add: [entry('a')] });
    expect(noted(2000, {}).changedAtMs).toBe(2000);
    expect(noted(3000, {}).changedAtMs).toBe(2000);
    expect(noted(4000, { add: [entry('a')] })).toMatchObject({
      joinSinceMs: 4000,
      changedAtMs: 4000,
    });
  });

  it('knows how old the youngest session was when this was heard of', () => {
    const { noted } = started();
    const seen = (...peers: readonly PeerState[]): Observed => {
      return up({ peers });
    };
    const look = (atMs: number, names: readonly string[], observed: Observed) =>
      noted(atMs, { add: names.map(entry) }, observed).lastSessionAtMs;

    const old = peer('b', { sessionSeconds: 50 });
    expect(look(100_000, ['n'], seen(old, peer('c', { sessionSeconds: 3 })))).toBe(97_000);
    // Who reloads for this one is none of those before it.
    expect(look(101_000, ['n'], seen(old, peer('c', { sessionSeconds: 0 })))).toBe(97_000);
    expect(look(102_000, ['n', 'o'], seen(old, peer('c', { sessionSeconds: 1 })))).toBe(101_000);
    // One that is gone says nothing: it may have been for minutes.
    expect(look(103_000, ['n'], seen(old, peer('c', { established: false })))).toBe(53_000);
    // It was never there.
    expect(look(104_000, ['o'], seen(old, peer('x', { established: false })))).toBe(54_000);
    expect(look(105_000, ['n'], seen(peer('b')))).toBe(Number.NEGATIVE_INFINITY);
    expect(look(106_000, ['o'], { kind: 'down', why: 'no answer' })).toBe(Number.NEGATIVE_INFINITY);
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
    const { happened, noted, value } = started();

    noted(5000, { add: [entry('a')] });
    happened({
      kind: 'decided',
      decision: { kind: 'wait', untilMs: 5100, reasons: [], codes: ['burst', code] },
    });
    expect(value().siblingWaitMs).toBe(siblingWaitMs);
    noted(6000, { add: [entry('a')] });
    happened({
      kind: 'decided',
      decision: { kind: 'wait', untilMs: 6100, reasons: [], codes: ['turn'] },
    });
    expect(value().siblingWaitMs).toBe(siblingWaitMs);
  });
});
