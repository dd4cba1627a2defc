import { describe, expect, it } from 'vitest';
import { noChanges, type PeersChanges } from '../../../../../src/model/changes.ts';
import type { PeerState, PeersState } from '../../../../../src/model/peers-state.ts';
import {
  type History,
  type PeersGateInput,
  peersFactsOf,
} from '../../../../../src/modules/peers/gate/facts.ts';
import { noMemory } from '../../../../../src/modules/peers/gate/history.ts';
import { orderOf } from '../../../../../src/modules/peers/gate/reload-order.ts';
import { entry, peer, up } from '../../../../helpers/members.ts';
import { gate as settings } from '../../../../helpers/reconciler.ts';

const due = 1_000_000;

interface Part {
  /** The end of the burst, where something of this replica has kept it longer. */
  readonly gatheredMs?: number;
  readonly self?: string;
  readonly peers: readonly PeerState[];
  readonly state?: Partial<PeersState>;
  readonly members?: readonly string[];
  readonly siblingWaitMs?: number;
  readonly changes?: PeersChanges;
  readonly wallAheadMs?: number;
  readonly lastSessionAtMs?: number;
  readonly changedAtMs?: number;
  readonly staggerMs?: number;
  readonly ownMs?: number;
}

/** This replica has met all of `peers`, and nothing but its turn is left `afterMs` after it was due. */
function turn(afterMs: number, part: Part) {
  const {
    self = 'a',
    peers,
    members = ['a', 'b', 'c', 'd', ...peers.map(({ name }) => name)],
  } = part;
  const history: History = {
    ...noMemory.history,
    joinSinceMs: due - 300,
    changedAtMs: part.changedAtMs ?? due - 300,
    lastSessionAtMs: part.lastSessionAtMs ?? due - 60_000,
    met: new Set(peers.map(({ name }) => name)),
    siblingWaitMs: part.siblingWaitMs ?? null,
  };
  const input: PeersGateInput = {
    changes: part.changes ?? { ...noChanges, add: [entry('z')] },
    ...(part.wallAheadMs === undefined ? {} : { wallAheadMs: part.wallAheadMs }),
    reasons: [],
    observed: up({ localName: self, peers, ...part.state }),
    selfName: self,
    memberNames: new Set(members),
    awaited: 0,
    history,
  };
  const { staggerMs = settings.staggerMs } = part;
  const facts = peersFactsOf(input, { ...settings, staggerMs }, due + afterMs);
  const found = orderOf(facts, {
    ownMs: part.ownMs ?? due,
    gatheredMs: part.gatheredMs ?? due,
  });
  return found.untilMs > facts.nowMs ? [found] : [];
}

const reloading = (name: string) => peer(name, { established: false });

describe('turns', () => {
  it('are in the order of the names of those it has met', () => {
    const peers = [peer('a', { sessionSeconds: 0 }), peer('b', { sessionSeconds: 0 })];

    expect(turn(299, { self: 'c', peers })).toEqual([
      { untilMs: due + 600, reason: 'peers reload first', code: 'turn' },
    ]);
    expect(turn(600, { self: 'c', peers })).toEqual([]);
    expect(turn(0, { self: 'A', peers })).toEqual([]);
  });

  it('wait for who goes first and has not begun, one turn more', () => {
    const peers = (sessionSeconds?: number) => [peer('a', { sessionSeconds })];

    expect(turn(300, { self: 'b', peers: peers(40) })).toEqual([
      { untilMs: due + 400, reason: 'peers reload first', code: 'turn' },
    ]);
    expect(turn(300, { self: 'b', peers: peers() })).toHaveLength(1);
    expect(turn(300, { self: 'b', peers: peers(0) })).toEqual([]);
    expect(turn(599, { self: 'b', peers: peers(40) })).toMatchObject([{ untilMs: due + 600 }]);
    expect(turn(600, { self: 'b', peers: peers(40) })).toEqual([]);
  });

  it('have no place for whom is gone', () => {
    expect(turn(600, { self: 'c', peers: [peer('a'), peer('b')], members: ['b', 'c'] })).toEqual(
      [],
    );
  });

  it('are spread by many replicas over the limit, not further', () => {
    const peers = Array.from({ length: 100 }, (_, index) => peer(`b${String(index)}`));

    expect(turn(0, { self: 'c', peers })).toMatchObject([{ untilMs: due + 3000 }]);
  });

  it('are longer with large tables, also for many replicas', () => {
    const large = { entries: 1_000_000 };
    const peers = [peer('a'), peer('b')];

    expect(turn(0, { self: 'c', peers, state: large })).toMatchObject([{ untilMs: due + 4600 }]);
    expect(turn(0, { self: 'c', peers, state: { entries: 40_000 } })).toMatchObject([
      { untilMs: due + 760 },
    ]);
    const many = Array.from({ length: 100 }, (_, index) => peer(`b${String(index)}`));
    expect(turn(0, { self: 'c', peers: many, state: large })).toMatchObject([
      { untilMs: due + 13_000 },
    ]);
  });

  it('wait for those it has met to be connected, and no longer than the limit', () => {
    const peers = [peer('b'), reloading('c')];

    expect(turn(0, { peers })).toEqual([
      { untilMs: due + 100, reason: 'not connected at the moment: c', code: 'not-connected' },
    ]);
    expect(turn(2999, { peers })).toMatchObject([{ untilMs: due + 3000 }]);
    expect(turn(3000, { peers })).toEqual([]);
  });

  it('wait for those it has met to have what was written here, a little longer than to be connected', () => {
    const backlog = (behind: number | undefined) => [
      peer('b', { behind: 0 }),
      peer('c', { behind }),
    ];

    expect(turn(0, { peers: backlog(51) })).toEqual([
      {
        untilMs: due + 100,
        reason: 'has not yet received what was written here: c',
        code: 'siblings-behind',
      },
    ]);
    expect(turn(0, { peers: backlog(50) })).toEqual([]);
    expect(turn(0, { peers: backlog(undefined) })).toEqual([]);
    expect(turn(3000, { peers: backlog(51) })).toMatchObject([{ code: 'siblings-behind' }]);
    expect(turn(6000, { peers: backlog(51) })).toEqual([]);
  });

  it('wait for who has just begun to confirm what was sent, for as long as it takes', () => {
    const sent = (unconfirmed: number, sessionSeconds?: number, updates = 1_000_000) =>
      turn(0, { peers: [peer('b', { behind: 0, unconfirmed, sessionSeconds, updates })] });

    expect(sent(1_000_000, 9)).toMatchObject([{ code: 'siblings-behind' }]);
    expect(sent(1_000_000, 10)).toEqual([]);
    // It confirms some of them while it still takes the others.
    expect(sent(500_440, 5)).toHaveLength(1);
    expect(sent(51, 9)).toHaveLength(1);
    expect(sent(50, 0)).toEqual([]);
    // Tables like these are taken within the second, and HAProxy does not always show what is confirmed.
    expect(sent(99_999, 0, 99_999)).toEqual([]);
    // Where HAProxy says nothing of the session.
    expect(sent(900_000)).toEqual([]);
  });

  it('are taken again by those who have waited for the same sibling', () => {
    // a was away until 2 s after it was due; b has not had its turn, its session is old.
    const peers = [peer('a', { sessionSeconds: 0 }), peer('b', { sessionSeconds: 40 })];
    const siblingWaitMs = due + 2000;

    expect(turn(2100, { self: 'b', peers: [peers[0] as PeerState], siblingWaitMs })).toEqual([]);
    expect(turn(2100, { self: 'c', peers, siblingWaitMs })).toEqual([
      { untilMs: due + 2200, reason: 'peers reload first', code: 'turn' },
    ]);
    expect(turn(2300, { self: 'c', peers, siblingWaitMs })).toEqual([]);
  });

  it('are not taken again for ever', () => {
    const peers = [peer('a', { sessionSeconds: 40 })];

    expect(turn(6299, { self: 'b', peers, siblingWaitMs: due + 6290 })).toMatchObject([
      { untilMs: due + 6300 },
    ]);
    expect(turn(6300, { self: 'b', peers, siblingWaitMs: due + 6290 })).toEqual([]);
  });

  it('begin at a date that all have in common when nobody joins', () => {
    const changes = { ...noChanges, remove: [entry('z')] };
    const begins = (part: Partial<Part>, afterMs = 0) =>
      turn(afterMs, { peers: [peer('b')], changes, ...part }).map(({ untilMs }) => untilMs - due);

    // 1,000,000 is 4 s after a multiple of 6 s, and 4 s after one of 12 s.
    expect(begins({})).toEqual([2000]);
    // It has all the time that turns may take.
    expect(begins({ self: 'c' })).toEqual([5000]);
    expect(begins({ self: 'c', peers: [peer('a'), peer('b'), peer('d')] })).toEqual([4000]);
    expect(begins({ wallAheadMs: 1_799_999_999_500 })).toEqual([2500]);
    expect(begins({ state: { entries: 300_000 } })).toEqual([8000]);
    expect(begins({ state: { entries: 310_000 } })).toEqual([8000]);
    expect(begins({}, 2000)).toEqual([]);
    // Alone, with nobody to wait for.
    expect(begins({ peers: [] })).toEqual([]);
    // Who is away or behind is waited for all the same.
    expect(begins({ peers: [reloading('b')] }, 2000)).toEqual([2100]);
    expect(begins({ peers: [peer('b', { behind: 51 })] }, 2000)).toEqual([2100]);
  });

  it('count nobody twice who has had it since this change was due', () => {
    const peers = [peer('a', { sessionSeconds: 1 }), peer('b', { sessionSeconds: 0 })];

    expect(turn(1100, { self: 'c', peers, siblingWaitMs: due + 1000 })).toEqual([]);
  });
});

describe('dates of their own', () => {
  const names = ['a', 'b', 'c', 'd'];
  const roundMs = names.length * settings.staggerMs;
  const siblings = (self: string) =>
    names.filter((name) => name !== self).map((name) => peer(name, { sessionSeconds: 60 }));
  const date = (self: string, part: Partial<Part>, afterMs = 0) => {
    const [delay] = turn(afterMs, { self, peers: siblings(self), members: names, ...part });
    return delay?.untilMs ?? due + afterMs;
  };
  const kept = (ms: number): Partial<Part> => ({ gatheredMs: due - ms });
  /** A sibling had reloaded, or started, that long before this was heard of. */
  const soon = (ms: number): Partial<Part> => ({ lastSessionAtMs: due - 300 - ms });

  it('have those whom something of their own has kept, once all others have had their turns', () => {
    expect(date('a', kept(200))).toBe(due);
    expect(date('a', kept(300))).toBeGreaterThanOrEqual(due - 300 + settings.staggerLimitMs);
    expect(date('a', kept(300))).toBeLessThan(due + settings.staggerLimitMs + roundMs);
    expect(date('a', kept(60_000))).toBeLessThan(due + roundMs);
  });

  it('have all where a reload interval may not be over, and at once', () => {
    for (const self of names) {
      expect(date(self, soon(2600))).toBeLessThan(due + roundMs);
    }
    // Sessions tell their age in whole seconds: older ones are no sign of anything.
    expect(names.map((self) => date(self, soon(2700)) - due)).toEqual([0, 300, 600, 900]);
  });

  it('have all who hear of somebody when the burst has lasted as long as it may', () => {
    const late = { gatheredMs: due - 1000, changedAtMs: due, ownMs: due - 900 };

    for (const self of names) expect(date(self, late)).toBeLessThan(due + roundMs);
    expect(new Set(names.map((self) => date(self, late) % roundMs)).size).toBe(names.length);
  });

  it.each([
    ...[300, 1000, 5000, 60_000].map((ms) => [`kept for ${ms} ms`, kept(ms)] as const),
    ...[0, 400, 1900].map((ms) => [`${ms} ms after a reload`, soon(ms)] as const),
  ])('are a turn apart: %s', (_, part) => {
    const dates = names
      .map((name, index) => date(name, { ...part, ownMs: due + 137 * index }) % roundMs)
      .sort((one, other) => one - other);

    for (const [index, at] of dates.entries()) {
      const next = dates[index + 1] ?? (dates[0] ?? 0) + roundMs;
      expect(next - at).toBeGreaterThanOrEqual(settings.staggerMs);
    }
  });

  it('are the same where the tables differ a little', () => {
    const long = names.map((name, index) =>
      date(name, { ...kept(1000), state: { entries: 200_000 + 1000 * index } }),
    );

    expect(new Set(long.map((at) => at % 2400)).size).toBe(names.length);
    expect(long.every((at) => at % 600 === 0)).toBe(true);
  });

  it('leave time for the handover where turns take none', () => {
    const long = { ...kept(1000), state: { entries: 1_000_000 }, staggerMs: 0 };
    const dates = names.map((name) => date(name, long)).sort((one, other) => one - other);

    for (const [index, at] of dates.slice(1).entries())
      expect(at - (dates[index] ?? 0)).toBeGreaterThanOrEqual(2000);
  });

  it('come again for whom a sibling has kept from its own, not for ever', () => {
    const own = date('b', soon(1000));
    const later = (ms: number, siblingWaitMs: number) =>
      date('b', { ...soon(1000), siblingWaitMs }, own - due + ms) - own;

    expect(later(100, own)).toBe(100);
    // Looked at again every 100 ms, for somebody may be away again.
    expect(later(300, own + 200)).toBe(400);
    expect(later(roundMs - 1, own + 200)).toBe(roundMs);
    expect(later(roundMs, own + 200)).toBe(roundMs);
    expect(later(6000, own + 5999)).toBe(6000);
  });
});
