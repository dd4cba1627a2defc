import { describe, expect, it } from 'vitest';
import { podSchema } from '../../../src/sources/kubernetes/pod-schema.ts';
import { membersFromPods, type PodFacts, samePod } from '../../../src/sources/pods.ts';

const self = { name: 'own', address: '10.0.0.1' };

function pod(name: string, facts: Partial<PodFacts> = {}): PodFacts {
  return { name, addresses: [], terminating: false, finished: false, ...facts };
}

const own = pod('own', { addresses: ['10.0.0.1'] });

describe('membersFromPods', () => {
  it('is every pod with an address, sorted by name', () => {
    const { members, notes } = membersFromPods(
      [own, pod('b', { addresses: ['10.0.0.3'] }), pod('a', { addresses: ['10.0.0.2'] })],
      self,
    );

    expect(members).toEqual([
      { name: 'a', address: '10.0.0.2', terminating: false },
      { name: 'b', address: '10.0.0.3', terminating: false },
      { name: 'own', address: '10.0.0.1', terminating: false },
    ]);
    expect(notes).toEqual([]);
  });

  it('has the uid of the pod that the API server tells of', () => {
    const read = podSchema.parse({ metadata: { name: 'own', uid: 'u1' }, status: {} });

    expect(membersFromPods([read], self).members).toMatchObject([{ name: 'own', uid: 'u1' }]);
  });

  it('leaves out finished pods without a note, and keeps terminating ones', () => {
    const { members, notes } = membersFromPods(
      [
        own,
        pod('failed', { addresses: ['10.0.0.2'], finished: true }),
        pod('leaving', { addresses: ['10.0.0.3'], terminating: true }),
      ],
      self,
    );

    expect(members.map(({ name }) => name)).toEqual(['leaving', 'own']);
    expect(members[0]?.terminating).toBe(true);
    expect(notes).toEqual([]);
  });

  it('names pods with hostNetwork after their node, and others after themselves, when asked to', () => {
    const onNode = { name: 'node-1', address: '192.168.0.1' };
    const pods = [
      pod('daemon-x', { addresses: ['192.168.0.1'], hostNode: 'node-1', terminating: true }),
      pod('daemon-y', { addresses: ['192.168.0.1'], hostNode: 'node-1' }),
      pod('daemon-z', { addresses: ['192.168.0.2'], hostNode: 'node-2' }),
      pod('plain', { addresses: ['10.0.0.9'] }),
    ];

    const { members } = membersFromPods(pods, onNode, 'node');

    expect(members).toEqual([
      { name: 'node-1', address: '192.168.0.1', terminating: false },
      { name: 'node-2', address: '192.168.0.2', terminating: false },
      { name: 'plain', address: '10.0.0.9', terminating: false },
    ]);
    expect(membersFromPods(pods, onNode).members.map(({ name }) => name)).toContain('daemon-y');
  });

  it('is ourselves by the downward API while our status has no address yet', () => {
    expect(membersFromPods([pod('own')], self).members).toEqual([
      { name: 'own', address: '10.0.0.1', terminating: false },
    ]);
  });

  it('trusts the downward API over a status that says otherwise, and notes it', () => {
    const { members, notes } = membersFromPods([pod('own', { addresses: ['10.0.0.8'] })], self);

    expect(members[0]?.address).toBe('10.0.0.1');
    expect(notes).toEqual(['our own address is 10.0.0.1 here but 10.0.0.8 at the origin']);
  });

  it('picks the address of our family, in one spelling', () => {
    const dual = pod('dual', { addresses: ['10.0.0.2', 'FD00:0:0::2'] });

    const { members } = membersFromPods([dual], { name: 'own', address: 'fd00::1' });

    expect(members).toEqual([{ name: 'dual', address: 'fd00::2', terminating: false }]);
  });

  it('notes pods without an address and without one of our family, and counts when they are many', () => {
    const young = Array.from({ length: 8 }, (_, index) => pod(`young-${index}`));

    const { notes } = membersFromPods(
      [own, ...young, pod('six', { addresses: ['fd00::6'] })],
      self,
    );

    expect(notes).toEqual([
      'young-0, young-1, young-2, young-3, young-4 and 3 more have no address yet',
      'six has no IPv4 address',
    ]);
  });

  it('keeps two pods with one address, because HAProxy goes by name, and notes it', () => {
    const { members, notes } = membersFromPods(
      [own, pod('a', { addresses: ['10.0.0.2'] }), pod('b', { addresses: ['10.0.0.2'] })],
      self,
    );

    expect(members).toHaveLength(3);
    expect(notes).toEqual(['a and b have the same address 10.0.0.2']);
  });

  it.each([
    { order: 'first', flip: false },
    { order: 'last', flip: true },
  ])('of two with one name prefers the one that stays, be it $order', ({ flip }) => {
    const old = pod('twin', { addresses: ['10.0.0.2'], terminating: true });
    const fresh = pod('twin', { addresses: ['10.0.0.3'] });

    const { members, notes } = membersFromPods(
      [own, ...(flip ? [old, fresh] : [fresh, old])],
      self,
    );

    expect(members.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.3']);
    expect(notes).toEqual(['twin occurs more than once']);
  });

  it('says when nothing matches, and when only we do not', () => {
    expect(membersFromPods([], self).notes.join()).toContain('matches no pod');
    expect(membersFromPods([pod('a', { addresses: ['10.0.0.2'] })], self).notes).toEqual([
      'this pod (own) is not among the members',
    ]);
  });
});

describe('samePod', () => {
  it.each([{ addresses: ['10.0.0.2'] }, { terminating: true }, { finished: true }, { uid: 'u2' }])(
    'sees %o as a change',
    (change) => {
      expect(samePod(own, { ...own, ...change })).toBe(false);
    },
  );

  it('sees none in a copy', () => {
    expect(samePod(own, { ...own, addresses: [...own.addresses] })).toBe(true);
  });
});
