import { expect, it } from 'vitest';
import type { Partner } from '../../../../src/modules/relay/ready.ts';
import { createRestoredElsewhere } from '../../../../src/modules/relay/restored-elsewhere.ts';
import {
  firstWorkerOf,
  othersOf,
  standingOf,
} from '../../../../src/modules/relay/snapshot-view.ts';

type Shown = NonNullable<NonNullable<Partner['view']>['snapshot']>;

function partner(
  name: string,
  snapshot: Shown | undefined,
  { entries = 0, paired = true, learned = true } = {},
): Partner {
  return {
    member: { name, uid: `uid-${name}`, address: '10.0.0.2', terminating: false },
    view: { worker: 'w', learned, fresh: true, entries, snapshot },
    ...{ paired, slot: 's1', knownSinceMs: 0 },
  };
}

const offers: Shown = { holds: false, offer: { takenAtMs: 1 } };
const holds: Shown = { holds: true, offer: null };

function bench() {
  const asked: string[] = [];
  let nowMs = 0;
  const look = createRestoredElsewhere({ ask: (name) => void asked.push(name), now: () => nowMs });
  return {
    asked,
    look,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

it('asks who was going to restore for a lesson, once, and waits until it has come', () => {
  const { asked, look } = bench();
  expect(look(0, [partner('a', offers)])).toBeNull();
  const restored = [partner('a', holds, { entries: 50 })];
  expect(look(0, restored)).toContain('a has restored');
  expect(look(20, restored)).toContain('a has restored');
  expect(asked).toEqual(['a']);
  expect(look(50, restored)).toBeNull();
  expect(look(0, restored)).toBeNull();
  expect(asked).toHaveLength(1);
});

it('asks when there is a session, and does not wait for ever', () => {
  const { asked, look, pass } = bench();
  look(0, [partner('a', { holds: false, offer: 'looking' })]);
  expect(look(0, [partner('a', holds, { entries: 5, paired: false })])).not.toBeNull();
  expect(asked).toEqual([]);
  look(0, [partner('a', holds, { entries: 5 })]);
  expect(asked).toEqual(['a']);
  pass(10_000);
  expect(look(0, [partner('a', holds, { entries: 5 })])).toBeNull();
});

it('asks nobody who held entries all the time: HAProxy learns from that one', () => {
  const { asked, look } = bench();
  expect(look(0, [partner('a', holds, { entries: 5 }), partner('c', undefined)])).toBeNull();
  expect(asked).toEqual([]);
});

it('a member is known by what it tells, and by nothing while it does not', () => {
  const holding = (each: Partner) => othersOf([each])[0]?.holds;
  expect(holding(partner('a', holds))).toBe(true);
  expect(holding(partner('a', offers, { entries: 9 }))).toBe(false);
  // Of an earlier version, or without --snapshot.
  expect(holding(partner('a', undefined, { entries: 9 }))).toBe(true);
  expect(holding(partner('a', undefined, { entries: 9, learned: false }))).toBe(false);
  expect(holding({ ...partner('a', holds), view: null })).toBeUndefined();
  expect(holding({ ...partner('a', holds), view: undefined })).toBeUndefined();
  const starting = partner('a', holds);
  const member = { ...starting.member, serving: false };
  expect(holding({ ...starting, member, view: undefined })).toBe(false);
});

it('whether a worker is the first one is not known before HAProxy says so', () => {
  const state = {
    section: 'p',
    resync: 'pending',
    localName: 'self',
    peers: [],
    tables: [],
  } as const;
  const of = (handedOver: boolean | undefined) =>
    firstWorkerOf({ kind: 'up', state: { ...state, handedOver } });
  expect([of(true), of(false), of(undefined)]).toEqual([false, true, undefined]);
  expect(firstWorkerOf({ kind: 'down', why: '' })).toBeUndefined();
});

it('a pod that is being deleted is leaving, and one that takes no part takes no snapshots', () => {
  const known = { synced: true, notes: [], awaited: 0, observedAtMs: 1 };
  const self = { name: 'b', address: '10.0.0.1', terminating: true };
  const standing = standingOf(
    { ...known, members: [self] },
    'b',
    [partner('a', undefined), partner('c', holds)],
    true,
  );
  expect(standing).toEqual({
    ...{ ready: true, leaving: true },
    others: [
      { name: 'a', terminating: false, ready: undefined },
      { name: 'c', terminating: false, ready: true },
    ],
  });
});
