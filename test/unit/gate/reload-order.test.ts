import { describe, expect, it } from 'vitest';
import { factsOf, type GateInput, type History } from '../../../src/gate/facts.ts';
import { orderOf } from '../../../src/gate/reload-order.ts';
import { noChanges, type PeersChanges } from '../../../src/model/changes.ts';
import type { PeerState, PeersState } from '../../../src/model/peers-state.ts';
import { entry, peer, state } from '../../helpers/members.ts';
import { gate as settings } from '../../helpers/reconciler.ts';

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
  readonly lastBeganMs?: number;
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
    joinSinceMs: due - 300,
    changedAtMs: due - 300,
    lazySinceMs: 0,
    notLoadedSinceMs: 0,
    lastReloadAtMs: null,
    lastBeganMs: part.lastBeganMs ?? null,
    establishedBefore: [],
    met: new Set(peers.map(({ name }) => name)),
    siblingWaitMs: part.siblingWaitMs ?? null,
    failures: 0,
    lastFailureAtMs: null,
    blockedUntilMs: Number.POSITIVE_INFINITY,
    missedTurns: 0,
    dueMs: null,
  };
  const input: GateInput = {
    changes: part.changes ?? { ...noChanges, add: [entry('z')] },
    ...(part.wallAheadMs === undefined ? {} : { wallAheadMs: part.wallAheadMs }),
    reasons: [],
    observed: { kind: 'up', state: state({ localName: self, peers, ...part.state }) },
    selfName: self,
    memberNames: new Set(members),
    awaited: 0,
    history,
  };
  const facts = factsOf(input, settings, due + afterMs);
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
      { untilMs: due + 600, reason: 'siblings go first', code: 'turn' },
    ]);
    expect(turn(600, { self: 'c', peers })).toEqual([]);
    expect(turn(0, { self: 'A', peers })).toEqual([]);
  });

  it('wait for who goes first and has not begun, one turn more', () => {
    const peers = (sessionSeconds?: number) => [peer('a', { sessionSeconds })];

    expect(turn(300, { self: 'b', peers: peers(40) })).toEqual([
      { untilMs: due + 400, reason: 'siblings go first', code: 'turn' },
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
        reason: 'has not got yet what was written here: c',
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
      { untilMs: due + 2200, reason: 'siblings go first', code: 'turn' },
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

describe('an addition that something of this replica has kept', () => {
  const names = ['a', 'b', 'c', 'd'];
  const slot = (self: string, keptMs: number, entries?: number) => {
    const peers = names
      .filter((name) => name !== self)
      .map((name) => peer(name, { sessionSeconds: 60 }));
    const part = { self, peers, members: names, gatheredMs: due - keptMs };
    const [delay] = turn(0, entries === undefined ? part : { ...part, state: { entries } });
    return delay?.untilMs ?? due;
  };

  it('waits until the others have had their turns', () => {
    expect(slot('a', 300)).toBeGreaterThanOrEqual(due - 300 + names.length * settings.staggerMs);
  });

  it.each([300, 1000, 5000, 60_000])(
    'is a turn apart from another that was kept, too, by %i ms or so',
    (keptMs) => {
      const slots = names
        .map(
          (name, index) => slot(name, keptMs + 137 * index) % (names.length * settings.staggerMs),
        )
        .sort((one, other) => one - other);

      for (const [index, at] of slots.entries()) {
        const next = slots[index + 1] ?? (slots[0] ?? 0) + names.length * settings.staggerMs;
        expect(next - at).toBeGreaterThanOrEqual(settings.staggerMs);
      }
    },
  );

  it('has the same turns where the tables differ a little', () => {
    const long = names.map((name, index) => slot(name, 1000, 200_000 + 1000 * index));

    expect(new Set(long.map((at) => at % 4800)).size).toBe(names.length);
    expect(long.every((at) => at % 1200 === 0)).toBe(true);
  });
});

describe('turns soon after others', () => {
  const peers = [peer('a', { sessionSeconds: 0 }), peer('b', { sessionSeconds: 0 })];
  const again = (part: Partial<Part>) => turn(0, { self: 'c', peers, ...part })[0]?.untilMs;

  it('are the same for whom its interval has kept until its own', () => {
    expect(again({ lastBeganMs: due - 2300, ownMs: due + 600 })).toBe(due + 600);
    expect(again({ lastBeganMs: due - 2300, ownMs: due + 700 })).toBe(due + 700);
  });

  it('begin together when the interval of the first is over, and it can be back', () => {
    expect(again({ lastBeganMs: due - 1000, ownMs: due + 1600 })).toBe(due + 1900);
  });

  it('leave those their turns who know of no interval', () => {
    expect(again({ lastBeganMs: due - 1700, ownMs: due + 900 })).toBe(due + 1200);
  });

  it('are over for whom something else has kept', () => {
    const late = again({ lastBeganMs: due - 1000, ownMs: due + 2500 }) ?? 0;
    expect(late).toBeGreaterThan(due + 2500);
    expect(again({ ownMs: due + 600 })).toBeGreaterThan(due + 1200);
  });
});
