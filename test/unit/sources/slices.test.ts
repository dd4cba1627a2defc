import { describe, expect, it } from 'vitest';
import { sliceSchema } from '../../../src/sources/kubernetes/slice-schema.ts';
import { type EndpointFacts, membersFromSlices } from '../../../src/sources/slices.ts';

const self = { name: 'web-1', address: '10.0.0.1' };

function endpoint(name: string | null, ...addresses: readonly string[]): EndpointFacts {
  return { name, addresses, terminating: false };
}

function members(...slices: readonly (readonly EndpointFacts[])[]) {
  const facts = slices.map((endpoints, index) => ({ name: `slice-${index}`, endpoints }));
  return membersFromSlices(facts, self, 'haproxy');
}

describe('members from EndpointSlices', () => {
  it('takes the endpoints of all slices, sorted by name', () => {
    const { members: found, notes } = members(
      [endpoint('web-2', '10.0.0.2')],
      [endpoint('web-1', '10.0.0.1'), endpoint('web-3', '10.0.0.3')],
    );

    expect(found.map(({ name }) => name)).toEqual(['web-1', 'web-2', 'web-3']);
    expect(notes).toEqual([]);
  });

  it('takes an endpoint that is in two slices once, in our own family', () => {
    const { members: found, notes } = members(
      [endpoint('web-1', 'fd00::1'), endpoint('web-2', 'fd00::2')],
      [endpoint('web-1', '10.0.0.1'), endpoint('web-2', '10.0.0.2')],
    );

    expect(found).toEqual([
      { name: 'web-1', address: '10.0.0.1', terminating: false },
      { name: 'web-2', address: '10.0.0.2', terminating: false },
    ]);
    expect(notes).toEqual([]);
  });

  it('keeps who terminates, and says so', () => {
    const leaving = { ...endpoint('web-2', '10.0.0.2'), terminating: true };

    const { members: found } = members([endpoint('web-1', '10.0.0.1'), leaving]);

    expect(found.map(({ name, terminating }) => [name, terminating])).toEqual([
      ['web-1', false],
      ['web-2', true],
    ]);
  });

  it('notes endpoints that nobody can be called by', () => {
    const { members: found, notes } = members([
      endpoint('web-1', '10.0.0.1'),
      endpoint(null, '10.0.0.9'),
    ]);

    expect(found).toHaveLength(1);
    expect(notes).toEqual(['1 endpoint has neither a pod nor a hostname']);
  });

  it.each([
    ['no slice', []],
    ['a slice without endpoints', [[]]],
  ])('knows nobody, not even us, from %s', (_, slices) => {
    const { members: found, notes } = members(...slices);

    expect(found).toEqual([]);
    expect(notes.join()).toMatch(
      /Service haproxy has no endpoint, not even the address of this pod/,
    );
  });
});

describe('an EndpointSlice of the API', () => {
  const metadata = { name: 'haproxy-abcde' };

  it('names an endpoint after its pod, else after its hostname', () => {
    const { endpoints } = sliceSchema.parse({
      metadata,
      endpoints: [
        { addresses: ['10.0.0.1'], hostname: 'h', targetRef: { kind: 'Pod', name: 'web-1' } },
        { addresses: ['10.0.0.2'], hostname: 'web-2' },
        { addresses: ['10.0.0.3'], targetRef: { kind: 'Node', name: 'node' } },
      ],
    });

    expect(endpoints.map(({ name }) => name)).toEqual(['web-1', 'web-2', null]);
  });

  it('has the uid of its pod, and of nothing else', () => {
    const { endpoints } = sliceSchema.parse({
      metadata,
      endpoints: [
        { addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'web-1', uid: 'u1' } },
        { addresses: ['10.0.0.2'], hostname: 'h', targetRef: { kind: 'Node', uid: 'u2' } },
        { addresses: ['10.0.0.3'], hostname: 'own' },
      ],
    });

    expect(members(endpoints).members.map(({ name, uid }) => [name, uid])).toEqual([
      ['h', undefined],
      ['own', undefined],
      ['web-1', 'u1'],
    ]);
  });

  it('has no uid while slices tell of two pods of its name', () => {
    const of = (uid?: string) => [{ ...endpoint('web-1', '10.0.0.1'), ...(uid ? { uid } : {}) }];

    expect(members(of('u1'), of()).members).toMatchObject([{ uid: 'u1' }]);
    expect(members(of('u1'), of('u2')).members[0]).not.toHaveProperty('uid');
  });

  it('takes endpoints that are not ready', () => {
    const { endpoints } = sliceSchema.parse({
      metadata,
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          conditions: { ready: false, serving: false, terminating: null },
          targetRef: { kind: 'Pod', name: 'web-1' },
        },
      ],
    });

    expect(endpoints).toEqual([endpoint('web-1', '10.0.0.1')]);
  });

  it('may have no endpoints at all', () => {
    expect(sliceSchema.parse({ metadata, endpoints: null }).endpoints).toEqual([]);
  });
});
