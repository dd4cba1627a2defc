import { describe, expect, it } from 'vitest';
import type { PeersChanges } from '../../../../../src/model/changes.ts';
import { noChanges } from '../../../../../src/model/changes.ts';
import { changesOf } from '../../../../../src/model/peers-plan.ts';
import type { PeersState } from '../../../../../src/model/peers-state.ts';
import type { History, PeersGateInput } from '../../../../../src/modules/peers/gate/facts.ts';
import { peersGate } from '../../../../../src/modules/peers/gate/gate.ts';
import { noMemory } from '../../../../../src/modules/peers/gate/history.ts';
import { entry, peer, up } from '../../../../helpers/members.ts';
import { gate as settings } from '../../../../helpers/reconciler.ts';
import { wants } from '../../../../helpers/requests.ts';

const now = 1_000_000;
const adds: PeersChanges = { ...noChanges, add: [entry('b')] };
const removes: PeersChanges = { ...noChanges, remove: [entry('b')] };
const moves: PeersChanges = { ...noChanges, update: [entry('b')] };

const quiet: History = {
  ...noMemory.history,
  joinSinceMs: now - 5000,
  changedAtMs: now - 5000,
  lazySinceMs: now - 5000,
};

function decide(
  changes: PeersChanges,
  part: Partial<PeersGateInput> = {},
  history: Partial<History> = {},
) {
  const input: PeersGateInput = {
    changes,
    reasons: ['b joined'],
    observed: up(),
    selfName: 'a',
    memberNames: new Set(['a', 'b', 'c']),
    awaited: 0,
    history: { ...quiet, ...history },
    ...part,
  };
  const decision = peersGate(input, settings, now);
  const plan = { kind: 'changes', changes, reasons: input.reasons } as const;
  return decision.kind === 'apply' ? { ...decision, changes: changesOf(plan, decision) } : decision;
}

function seeing(part: Partial<PeersState>): Partial<PeersGateInput> {
  return { observed: up(part) };
}

describe('gate', () => {
  it('does nothing when nothing differs', () => {
    expect(decide(noChanges).kind).toBe('none');
  });

  it('lets an addition through with its reasons', () => {
    expect(decide(adds)).toMatchObject({ kind: 'apply', changes: adds, reasons: ['b joined'] });
  });

  it('lets a hard-reload through, after a reload that is needed, too', () => {
    const repair = wants('hard-reload', 'b holds 5', { urgency: 'now' });
    const missed = { requests: [repair] };

    expect(decide(noChanges, missed)).toMatchObject({
      kind: 'apply',
      via: 'hard-reload',
      reasons: ['b holds 5'],
    });
    expect(decide(adds, missed)).toMatchObject({ via: 'reload', changes: adds });
    expect(decide(removes, missed)).toMatchObject({ via: 'hard-reload', changes: noChanges });
    expect(decide(noChanges, { requests: [repair, wants('reload', 'renewed')] })).toMatchObject({
      via: 'reload',
    });
    expect(decide(noChanges, missed, { lastReloadAtMs: now - 100 }).kind).toBe('wait');
    expect(decide(noChanges, { ...missed, ...seeing({ resync: 'pending' }) }).kind).toBe('wait');
  });

  it('lets nothing through while the own resync is pending', () => {
    const decision = decide(adds, seeing({ resync: 'pending' }));

    expect(decision).toMatchObject({
      kind: 'wait',
      reasons: ['this replica has not finished its resync'],
    });
  });

  it.each(['alone', 'learned'] as const)(
    'lets an addition through when resync ended %s',
    (resync) => {
      expect(decide(adds, seeing({ resync })).kind).toBe('apply');
    },
  );

  it('holds on a show peers it cannot read', () => {
    expect(decide(adds, seeing({ resync: 'unknown' })).kind).toBe('hold');
  });

  it('holds when the local peer has another name', () => {
    const decision = decide(adds, seeing({ localName: 'somebody' }));

    expect(decision).toMatchObject({ kind: 'hold' });
    expect(decision.reasons[0]).toContain('somebody');
  });

  it('waits while HAProxy is down', () => {
    const decision = decide(adds, { observed: { kind: 'down', why: 'no socket' } });

    expect(decision).toMatchObject({
      kind: 'wait',
      reasons: ['HAProxy does not answer: no socket'],
    });
  });

  it('holds when HAProxy runs without the section, unless the own entry or the section is the change', () => {
    const observed = { kind: 'up', state: null } as const;

    expect(decide(adds, { observed }).kind).toBe('hold');
    expect(decide({ ...adds, add: [entry('a')] }, { observed }).kind).toBe('apply');
    expect(decide({ ...adds, create: true }, { observed }).kind).toBe('apply');
  });

  it('waits for a burst to end, and no longer than its limit', () => {
    const young = { joinSinceMs: now - 1000, changedAtMs: now - 100 };

    expect(decide(adds, {}, young)).toMatchObject({ kind: 'wait', untilMs: now + 200 });
    expect(decide(adds, {}, { ...young, joinSinceMs: now - settings.burstLimitMs }).kind).toBe(
      'apply',
    );
  });

  it('waits for pods that are about to get an address, up to the limit of a burst', () => {
    const young = { joinSinceMs: now - 1000, changedAtMs: now - 1000 };

    expect(decide(adds, { awaited: 2 }, young)).toMatchObject({
      kind: 'wait',
      untilMs: now + 4000,
      reasons: ['2 more are about to get an address'],
    });
    expect(
      decide(adds, { awaited: 2 }, { ...young, joinSinceMs: now - settings.burstLimitMs }).kind,
    ).toBe('apply');
  });

  it.each([
    ['removal', removes],
    ['move', moves],
  ])('lets a %s wait for the removal delay', (_, changes) => {
    const late = { lazySinceMs: now - settings.removalDelayMs };

    expect(decide(changes)).toMatchObject({ kind: 'wait', untilMs: now + 295_000 });
    expect(decide(changes, {}, late).kind).toBe('apply');
  });

  it('never reloads for a moved peer that has connected to us, unless something else changes', () => {
    const late = { lazySinceMs: 0 };
    const connected = seeing({ peers: [peer('b'), peer('c')] });
    const apart = seeing({ peers: [peer('b', { established: false }), peer('c')] });

    expect(decide(moves, connected, late)).toMatchObject({
      kind: 'wait',
      reasons: ['only moved peers, which are connected from their side'],
    });
    expect(decide(moves, apart, late).kind).toBe('apply');
    expect(decide({ ...moves, add: adds.add }, connected, late).kind).toBe('apply');
    expect(decide({ ...moves, remove: removes.remove }, connected, late).kind).toBe('apply');
  });

  it('names one reason only for a young removal', () => {
    const young = { joinSinceMs: now, changedAtMs: now, lazySinceMs: now };

    expect(decide(removes, {}, young).reasons).toHaveLength(1);
    expect(decide(removes, {}, { ...young, lazySinceMs: 0 })).toMatchObject({
      kind: 'wait',
      reasons: ['more changes may follow'],
    });
  });

  it('folds removals into an addition', () => {
    const both = { ...adds, remove: [entry('c')] };

    expect(decide(both)).toMatchObject({ kind: 'apply', changes: both });
  });

  it('keeps the least interval between reloads', () => {
    expect(decide(adds, {}, { lastReloadAtMs: now - 500 })).toMatchObject({
      kind: 'wait',
      untilMs: now + 1500,
    });
  });

  it('waits until the siblings are back after a reload, up to the limit', () => {
    const reloaded = { lastReloadAtMs: now - 3000, establishedBefore: ['b', 'c', 'gone'] };
    const onlyB = seeing({ peers: [peer('b'), peer('c', { established: false })] });
    const all = seeing({ peers: [peer('b'), peer('c')] });

    expect(decide(adds, onlyB, reloaded)).toMatchObject({
      kind: 'wait',
      reasons: ['not connected again since the last reload: c'],
    });
    expect(decide(adds, all, reloaded).kind).toBe('apply');
    expect(decide(adds, onlyB, { ...reloaded, lastReloadAtMs: now - 12_000 }).kind).toBe('apply');
  });

  it('takes turns when nothing else is left to wait for', () => {
    const due = {
      ...{ changedAtMs: now - 400, joinSinceMs: now - 400, blockedUntilMs: now - 100 },
      met: new Set(['b', 'c']),
    };
    const view = { ...seeing({ localName: 'c', peers: [peer('b')] }), selfName: 'c' };

    expect(decide(adds, view, due)).toMatchObject({
      kind: 'wait',
      untilMs: now - 100 + 300,
      codes: ['turn'],
    });
  });

  it('takes another turn when the one that was foretold is long over', () => {
    const long = { changedAtMs: now - 9000, joinSinceMs: now - 9000, met: new Set(['b', 'c']) };
    const view = { ...seeing({ localName: 'c', peers: [peer('b'), peer('c')] }), selfName: 'c' };
    const turnOver = { ...long, dueMs: now - 8000, blockedUntilMs: now - 7700 };

    for (const history of [turnOver, { ...long, blockedUntilMs: now - 7700 }]) {
      expect(decide(adds, view, history)).toMatchObject({ kind: 'wait', dueMs: now });
    }
    // Whoever always looks too late goes all the same.
    expect(decide(adds, view, { ...turnOver, missedTurns: 3 }).kind).toBe('apply');
    // On busy cores a look is late now and then.
    const late = { ...long, dueMs: now - 900, blockedUntilMs: now - 900 };
    expect(decide(adds, view, late).kind).toBe('apply');
  });

  it('backs off after failures, doubling up to the limit', () => {
    const failed = (failures: number) => decide(adds, {}, { failures, lastFailureAtMs: now });

    expect(failed(1)).toMatchObject({ kind: 'wait', untilMs: now + 1000 });
    expect(failed(3)).toMatchObject({ kind: 'wait', untilMs: now + 4000 });
    expect(failed(30)).toMatchObject({ kind: 'wait', untilMs: now + 60_000 });
  });

  it('waits for the longest of several delays and names them all', () => {
    const decision = decide(
      adds,
      {},
      { lastReloadAtMs: now - 100, failures: 2, lastFailureAtMs: now },
    );

    expect(decision).toMatchObject({ kind: 'wait', untilMs: now + 2000 });
    expect(decision.reasons).toHaveLength(2);
  });

  it('lets a reload through that nothing of the section needs, by the same rules', () => {
    const requests = [wants('reload', 'a renewed certificate')];

    expect(decide(noChanges, { requests, reasons: [] })).toMatchObject({
      kind: 'apply',
      reasons: ['a renewed certificate'],
    });
    expect(decide(noChanges, { requests: [] }).kind).toBe('none');
    expect(decide(noChanges, { requests }, { lastReloadAtMs: now - 100 }).kind).toBe('wait');
    const learning = up({ resync: 'pending' });
    expect(decide(noChanges, { requests, observed: learning }).kind).toBe('wait');
  });

  it('keeps what has no hurry until something else reloads, or its time is over', () => {
    const lazy = wants('reload', 'a comment', { urgency: 'lazy', sinceMs: now - 1000 });
    const endMs = now - 1000 + settings.removalDelayMs;

    expect(decide(noChanges, { requests: [lazy] })).toMatchObject({
      ...{ kind: 'wait', untilMs: endMs, codes: ['lazy-request'] },
    });
    expect(decide(adds, { requests: [lazy] }).kind).toBe('apply');
    const renewed = wants('reload', 'renewed');
    expect(decide(noChanges, { requests: [lazy, renewed] })).toMatchObject({ kind: 'apply' });
    const old = { ...lazy, sinceMs: now - settings.removalDelayMs };
    expect(decide(noChanges, { requests: [old], reasons: [] })).toMatchObject({
      reasons: ['a comment'],
    });
    expect(decide(removes, { requests: [lazy] }).kind).toBe('wait');
  });

  it('takes what could wait along with a reload that is needed all the same', () => {
    expect(decide(removes).kind).toBe('wait');
    expect(decide(removes, { requests: [wants('reload', 'a renewed certificate')] })).toMatchObject(
      {
        kind: 'apply',
        changes: removes,
      },
    );
  });
});
