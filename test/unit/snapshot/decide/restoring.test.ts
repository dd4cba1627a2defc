import { describe, expect, it } from 'vitest';
import { ageOf } from '../../../../src/snapshot/decide/age.ts';
import {
  notOurs,
  type Offer,
  type Other,
  type RestoreInput,
  restoreDecision,
} from '../../../../src/snapshot/decide/choose.ts';
import { tablesLeftOut } from '../../../../src/snapshot/decide/fits.ts';
import { randomOf } from '../../../helpers/random.ts';
import { headerOf } from '../../../helpers/snapshot-input.ts';

const alone: RestoreInput = {
  ...{ self: 'b', synced: true, firstWorker: true, hasTables: false, others: [] },
  offer: { takenAtMs: 1000 },
  isLate: false,
};
const empty = (name: string, more: Partial<Other> = {}): Other => ({
  ...{ name, holds: false, offer: null, ...more },
});

describe('what is restored', () => {
  it('is the own snapshot where nobody holds anything and nobody has a newer one', () => {
    expect(restoreDecision(alone)).toEqual({ kind: 'restore' });
    expect(restoreDecision({ ...alone, others: [empty('a'), empty('c')] })).toEqual({
      kind: 'restore',
    });
    const older = empty('a', { offer: { takenAtMs: 999 } });
    expect(restoreDecision({ ...alone, others: [older] })).toEqual({ kind: 'restore' });
  });

  it.each<[string, Partial<RestoreInput>, string, string]>([
    ['the tables are there', { hasTables: true }, 'no', 'HAProxy has its tables'],
    ['the worker before handed its tables over', { firstWorker: false }, 'no', 'taken over'],
    [
      'a live peer holds entries',
      { others: [empty('c', { holds: true })] },
      'no',
      'c holds entries',
    ],
    [
      'a live peer holds entries, whatever else',
      { synced: false, others: [empty('c', { holds: true })] },
      'no',
      'c holds',
    ],
    ['there is none', { offer: null }, 'no', 'no snapshot'],
    ['the members are not known', { synced: false }, 'wait', 'members are not known'],
    ['it is not known what HAProxy has', { firstWorker: undefined }, 'wait', 'takes over tables'],
    [
      'it is not known what a peer holds',
      { others: [empty('c', { holds: undefined })] },
      'wait',
      'what they hold: c',
    ],
    [
      'a peer has a newer one',
      { others: [empty('c', { offer: { takenAtMs: 1001 } })] },
      'wait',
      'c has a newer',
    ],
    [
      'a peer has one and this replica none',
      { offer: null, others: [empty('c', { offer: { takenAtMs: 1 } })] },
      'wait',
      'c has a newer',
    ],
  ])('is nothing where %s', (_, change, kind, why) => {
    expect(restoreDecision({ ...alone, ...change })).toMatchObject({
      kind,
      why: expect.stringContaining(why),
    });
  });

  it('is no longer held up by others when they were waited for long enough', () => {
    const others = [
      empty('a', { holds: undefined }),
      empty('c', { offer: 'looking' }),
      empty('d', { offer: { takenAtMs: 2000 } }),
    ];
    expect(restoreDecision({ ...alone, others, isLate: true })).toEqual({ kind: 'restore' });
    expect(restoreDecision({ ...alone, others, isLate: true, offer: null })).toMatchObject({
      kind: 'no',
    });
    expect(restoreDecision({ ...alone, synced: false, isLate: true })).toMatchObject({
      kind: 'wait',
    });
  });

  it('is restored by exactly one of those that see the same, and nobody waits in a circle', () => {
    const random = randomOf(3);
    for (let round = 0; round < 1000; round += 1) {
      const all = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, at) => ({
        name: `web-${at}`,
        holds: false,
        offer: (random() < 0.6 ? { takenAtMs: Math.floor(random() * 3) } : null) as Offer | null,
      }));
      const decided = all.map(({ name, offer }) =>
        restoreDecision({
          ...alone,
          self: name,
          offer,
          others: all.filter((each) => each.name !== name),
        }),
      );
      const restoring = decided.filter(({ kind }) => kind === 'restore');
      const some = all.some(({ offer }) => offer !== null);
      expect(restoring).toHaveLength(some ? 1 : 0);
      expect(decided.filter(({ kind }) => kind === 'no')).toHaveLength(some ? 0 : all.length);
      const best = Math.max(-1, ...all.map(({ offer }) => offer?.takenAtMs ?? -1));
      const at = decided.findIndex(({ kind }) => kind === 'restore');
      if (some) expect(all[at]?.offer?.takenAtMs).toBe(best);
    }
  });

  it('is never played where anybody holds anything, or may', () => {
    const random = randomOf(4);
    const any = <T>(...values: readonly T[]): T =>
      values[Math.floor(random() * values.length)] as T;
    for (let round = 0; round < 5000; round += 1) {
      const input: RestoreInput = {
        ...{ self: 'b', synced: any(true, false), firstWorker: any(true, false, undefined) },
        ...{ hasTables: any(true, false), isLate: any(true, false, false) },
        offer: any<RestoreInput['offer']>(null, 'looking', { takenAtMs: any(1, 2) }),
        others: Array.from({ length: any(0, 1, 2) }, (_, at) => ({
          ...{ name: any('a', 'c') + at, holds: any(true, false, false, undefined) },
          offer: any<Other['offer']>(null, 'looking', { takenAtMs: any(1, 2) }),
        })),
      };
      if (restoreDecision(input).kind !== 'restore') continue;
      expect(input).toMatchObject({ synced: true, firstWorker: true, hasTables: false });
      expect(input.offer).toMatchObject({ takenAtMs: expect.any(Number) });
      expect(input.others.some(({ holds }) => holds === true)).toBe(false);
      if (!input.isLate) expect(input.others.every(({ holds }) => holds === false)).toBe(true);
    }
  });
});

describe('of the files', () => {
  const ours = { set: 'default/haproxy-peers', section: 'haproxy-peers' };

  it('only those of this set and section are for us', () => {
    const header = { ...headerOf(), seal: null };
    expect(notOurs(header, ours)).toBeNull();
    expect(notOurs({ ...header, set: 'other/haproxy-peers' }, ours)).toContain(
      '"other/haproxy-peers"',
    );
    expect(notOurs({ ...header, section: 'mesh' }, ours)).toContain('"mesh"');
  });

  it('tables that are gone or have other keys are named', () => {
    const table = (name: string, keys: string) => ({ name, keys });
    const before = [table('a', 'string 64'), table('b', 'ip '), table('c', 'integer ')];
    expect(tablesLeftOut(before, before)).toEqual([]);
    expect(tablesLeftOut(before, [...before, table('d', 'ip ')])).toEqual([]);
    expect(tablesLeftOut(before, [table('a', 'string 32'), table('c', 'integer ')])).toEqual([
      { table: 'a', why: 'its keys were "string 64" and are "string 32"' },
      { table: 'b', why: 'there is no such table any more' },
    ]);
  });
});

describe('the age', () => {
  it('is never negative, and says where a clock was set back', () => {
    expect(ageOf(1000, 4000)).toEqual({ ms: 3000, note: null });
    expect(ageOf(1000, 1000)).toEqual({ ms: 0, note: null });
    const back = ageOf(86_400_000, 0);
    expect(back.ms).toBe(0);
    expect(back.note).toContain('86400 s in the future');
  });
});
