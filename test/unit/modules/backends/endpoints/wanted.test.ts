import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Slice, SliceEndpoint } from '../../../../../src/modules/backends/endpoints/slice.ts';
import {
  type WantedOptions,
  wantedServers,
} from '../../../../../src/modules/backends/endpoints/wanted.ts';
import { endpointOf, parsedSlice, sliceOf } from '../../../../helpers/slices.ts';

const http: WantedOptions = { port: 'http' };

function wanted(slices: readonly Slice[], options = http) {
  return wantedServers(slices, options);
}

/** `name state address`, without ids. */
function shown(slices: readonly Slice[], options = http): readonly string[] {
  return wanted(slices, options).servers.map(
    ({ name, state, address, port }) => `${name} ${state} ${address}:${port}`,
  );
}

const notReady = { ready: false, serving: false } as const;
const leaving = { ready: false, serving: true, terminating: true } as const;

describe('the servers of a backend', () => {
  it('are the ready endpoints, by the names of their pods, in their order', () => {
    const { servers, notes } = wanted([
      sliceOf([endpointOf('app-b', '10.0.0.2'), endpointOf('app-a', '10.0.0.1')]),
    ]);

    expect(servers).toMatchObject([
      { name: 'app-a', address: '10.0.0.1', port: 8080, weight: 1, state: 'up' },
      { name: 'app-b', address: '10.0.0.2', port: 8080, weight: 1, state: 'up' },
    ]);
    expect(notes).toEqual([]);
  });

  it('drain while others are ready, if they terminate and still serve', () => {
    const slices = [
      sliceOf([endpointOf('app-a', '10.0.0.1'), endpointOf('app-b', '10.0.0.2', leaving)]),
    ];

    expect(shown(slices)).toEqual(['app-a up 10.0.0.1:8080', 'app-b drain 10.0.0.2:8080']);
    expect(wanted(slices).servers[1]?.weight).toBe(0);
  });

  it('are those that terminate and serve, where none is ready', () => {
    const slices = [
      sliceOf([
        endpointOf('app-a', '10.0.0.1', notReady),
        endpointOf('app-b', '10.0.0.2', leaving),
      ]),
    ];

    expect(shown(slices)).toEqual(['app-a maint 10.0.0.1:8080', 'app-b up 10.0.0.2:8080']);
  });

  it('get nobody where they do not serve', () => {
    const gone = { ready: false, serving: false, terminating: true };
    const slices = [
      sliceOf([endpointOf('app-a', '10.0.0.1'), endpointOf('app-b', '10.0.0.2', gone)]),
    ];

    expect(shown(slices)).toEqual(['app-a up 10.0.0.1:8080', 'app-b maint 10.0.0.2:8080']);
  });

  it('are named after address and port where an endpoint is no pod, or its name is none', () => {
    const odd = { pod: { name: 'a b;show env', uid: null } };
    const six = sliceOf([endpointOf(null, 'fd00::1')], { name: 'six', addressType: 'IPv6' });

    expect(
      shown([sliceOf([endpointOf(null, '10.0.0.1'), endpointOf('x', '10.0.0.2', odd)]), six]),
    ).toEqual([
      '10.0.0.1-8080 up 10.0.0.1:8080',
      '10.0.0.2-8080 up 10.0.0.2:8080',
      'fd00::1-8080 up fd00::1:8080',
    ]);
  });

  it('are one for a pod with two families, by IPv4', () => {
    const six = sliceOf([endpointOf('app-a', 'fd00::1')], { name: 'six', addressType: 'IPv6' });

    for (const slices of [
      [sliceOf([endpointOf('app-a', '10.0.0.1')]), six],
      [six, sliceOf([endpointOf('app-a', '10.0.0.1')])],
    ])
      expect(shown(slices)).toEqual(['app-a up 10.0.0.1:8080']);
    expect(shown([six])).toEqual(['app-a up fd00::1:8080']);
  });

  it('follow the slice that was written later, where an endpoint is in two', () => {
    const older = sliceOf([endpointOf('app-a', '10.0.0.1')], { resourceVersion: '99' });
    const newer = sliceOf([endpointOf('app-a', '10.0.0.1', notReady)], {
      ...{ name: 'app-fghij', resourceVersion: '100' },
    });

    expect(shown([older, newer])).toEqual(['app-a maint 10.0.0.1:8080']);
    expect(shown([newer, { ...older, resourceVersion: '1000' }])).toEqual([
      'app-a up 10.0.0.1:8080',
    ]);
  });

  it('follow who is ready, where two pods have one address', () => {
    const late = sliceOf([endpointOf('app-old', '10.0.0.1', notReady)], { resourceVersion: '200' });
    const right = sliceOf([endpointOf('app-new', '10.0.0.1')], { name: 'app-fghij' });

    expect(shown([late, right])).toEqual(['app-new up 10.0.0.1:8080']);
  });

  it('follow who is ready, where a pod of one name has two addresses', () => {
    const before = { ...notReady, pod: { name: 'app-0', uid: 'first' } };
    const slices = [
      sliceOf([endpointOf('app-0', '10.0.0.1', before)], { resourceVersion: '200' }),
      sliceOf([endpointOf('app-0', '10.0.0.2')], { name: 'app-fghij' }),
    ];

    expect(shown(slices)).toEqual(['app-0 up 10.0.0.2:8080']);
  });
});

describe('ports', () => {
  const ports = [
    { name: 'http', port: 8080, protocol: 'TCP' },
    { name: 'admin', port: 9090, protocol: 'TCP' },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ];
  const several = [sliceOf([endpointOf('app-a', '10.0.0.1')], { ports })];

  it('are chosen by name, or by number', () => {
    expect(shown(several, { port: 'admin' })).toEqual(['app-a up 10.0.0.1:9090']);
    expect(shown(several, { port: 8080 })).toEqual(['app-a up 10.0.0.1:8080']);
  });

  it('may have another number in each slice, as pods of two versions have', () => {
    const second = sliceOf([endpointOf('app-b', '10.0.0.2')], {
      name: 'app-fghij',
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    });

    expect(shown([...several, second])).toEqual(['app-a up 10.0.0.1:8080', 'app-b up 10.0.0.2:80']);
  });

  it.each<readonly [WantedOptions['port'], string]>([
    ['grpc', 'EndpointSlice app-abcde has no TCP port grpc, but http, admin'],
    ['dns', 'EndpointSlice app-abcde has no TCP port dns, but http, admin'],
    [53, 'EndpointSlice app-abcde has no TCP port 53, but http, admin'],
    [
      null,
      'EndpointSlice app-abcde has several ports (http, admin): name one, as in BACKEND=SERVICE:PORT',
    ],
  ])('say what there is instead of %s', (port, note) => {
    expect(wanted(several, { port })).toEqual({ servers: [], notes: [note] });
  });

  it('are none where there is only UDP', () => {
    const udp = [{ name: 'dns', port: 53, protocol: 'UDP' }];

    expect(
      wanted([sliceOf([endpointOf('app-a', '10.0.0.1')], { ports: udp })], { port: null }),
    ).toEqual({ servers: [], notes: ['EndpointSlice app-abcde has no TCP port'] });
  });

  it('need no name where there is one, and a number where a slice says any', () => {
    expect(shown([sliceOf([endpointOf('app-a', '10.0.0.1')])], { port: null })).toHaveLength(1);
    const any = [
      sliceOf([endpointOf('app-a', '10.0.0.1')], {
        ports: [{ name: '', port: null, protocol: 'TCP' }],
      }),
    ];
    expect(shown(any, { port: 8443 })).toEqual(['app-a up 10.0.0.1:8443']);
    expect(wanted(any, { port: null }).notes).toEqual([
      'EndpointSlice app-abcde says any port: give its number, as in BACKEND=SERVICE:8080',
    ]);
  });

  it('are nothing to say of a slice without endpoints', () => {
    expect(wanted([sliceOf([], { ports: [] })])).toEqual({ servers: [], notes: [] });
  });
});

describe('what is no address', () => {
  it('is passed over, and said', () => {
    const names = sliceOf([endpointOf(null, 'example.com')], { addressType: 'FQDN' });
    const wrong = sliceOf(
      ['999.1.1.1', 'fd00::1', 'fe80::1%eth0', ''].map((address) => endpointOf(null, address)),
      { name: 'wrong' },
    );
    const { servers, notes } = wanted([names, wrong, sliceOf([endpointOf('a', '10.0.0.1')])]);

    expect(servers.map(({ name }) => name)).toEqual(['a']);
    expect(notes).toEqual([
      '"" in EndpointSlice wrong is no IPv4 address',
      '"999.1.1.1" in EndpointSlice wrong is no IPv4 address',
      '"fd00::1" in EndpointSlice wrong is no IPv4 address',
      '"fe80::1%eth0" in EndpointSlice wrong is no IPv4 address',
      'EndpointSlice app-abcde has names, not addresses ("FQDN")',
    ]);
  });
});

describe('zones', () => {
  const near = { forZones: ['a'] };
  const far = { forZones: ['b'] };
  const hinted = [endpointOf('app-a', '10.0.0.1', near), endpointOf('app-b', '10.0.0.2', far)];

  it('give new clients to those that are meant for this zone, and keep the others for their own', () => {
    expect(shown([sliceOf(hinted)], { port: 'http', zone: 'a' })).toEqual([
      'app-a up 10.0.0.1:8080',
      'app-b drain 10.0.0.2:8080',
    ]);
  });

  it.each([
    ['no zone is given', hinted, undefined],
    ['none is meant for this zone', hinted, 'c'],
    ['one has no hint', [...hinted, endpointOf('app-c', '10.0.0.3')], 'a'],
  ])('are passed over where %s', (_, endpoints, zone) => {
    const { servers } = wanted([sliceOf(endpoints)], { port: 'http', zone });

    expect(new Set(servers.map(({ state }) => state))).toEqual(new Set(['up']));
  });

  it('ask for hints of those that would be used only', () => {
    const rest = endpointOf('app-c', '10.0.0.3', notReady);

    expect(shown([sliceOf([...hinted, rest])], { port: 'http', zone: 'a' })).toEqual([
      'app-a up 10.0.0.1:8080',
      'app-b drain 10.0.0.2:8080',
      'app-c maint 10.0.0.3:8080',
    ]);
  });
});

describe('the object of the API', () => {
  it('means ready where it says nothing', () => {
    const bare = {
      metadata: { name: 'app-1', resourceVersion: '7', labels: {} },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['10.0.0.1'] },
        { addresses: ['10.0.0.2'], conditions: {} },
        { addresses: ['10.0.0.3'], conditions: { ready: false } },
        { addresses: ['10.0.0.4'], conditions: { ready: null, serving: null, terminating: null } },
        { addresses: ['10.0.0.5'], conditions: { ready: false, serving: true, terminating: true } },
      ],
      ports: [{ port: 8080 }],
    };

    expect(shown([parsedSlice(bare)], { port: null })).toEqual([
      '10.0.0.1-8080 up 10.0.0.1:8080',
      '10.0.0.2-8080 up 10.0.0.2:8080',
      '10.0.0.3-8080 maint 10.0.0.3:8080',
      '10.0.0.4-8080 up 10.0.0.4:8080',
      '10.0.0.5-8080 drain 10.0.0.5:8080',
    ]);
  });

  it.each([null, [], {}])('may have %j as endpoints and ports', (nothing) => {
    const object = { metadata: { name: 'a', resourceVersion: '1' }, addressType: 'IPv4' };
    const lists =
      Array.isArray(nothing) || nothing === null ? { endpoints: nothing, ports: nothing } : {};

    expect(parsedSlice({ ...object, ...lists })).toMatchObject({ endpoints: [], ports: [] });
  });

  it('takes hints and the pod, and no other object, for what they are', () => {
    const slice = parsedSlice({
      metadata: { name: 'a', resourceVersion: '1' },
      addressType: 'IPv4',
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          targetRef: { kind: 'Pod', name: 'app-a', uid: 'u' },
          hints: { forZones: [{ name: 'a' }] },
        },
        { addresses: ['10.0.0.2'], targetRef: { kind: 'Node', name: 'node-1' }, hints: {} },
      ],
    });

    expect(slice.endpoints.map(({ pod, forZones }) => ({ pod, forZones }))).toEqual([
      { pod: { name: 'app-a', uid: 'u' }, forZones: ['a'] },
      { pod: null, forZones: null },
    ]);
  });
});

const anyEndpoint: fc.Arbitrary<SliceEndpoint> = fc
  .record({
    last: fc.integer({ min: 1, max: 12 }),
    pod: fc.option(fc.constantFrom('app-a', 'app-b', 'app-c', 'app-d', 'app-e')),
    uid: fc.option(fc.constantFrom('1', '2')),
    ready: fc.boolean(),
    serving: fc.boolean(),
    terminating: fc.boolean(),
    node: fc.option(fc.constantFrom('n1', 'n2')),
    forZones: fc.option(fc.subarray(['a', 'b'])),
  })
  .map(({ last, pod, uid, ...rest }) => ({
    ...rest,
    addresses: [`10.0.0.${last}`],
    pod: pod === null ? null : { name: pod, uid },
  }));

const anySlices = fc
  .array(
    fc.record({
      endpoints: fc.array(anyEndpoint, { maxLength: 8 }),
      resourceVersion: fc.integer({ min: 1, max: 2000 }).map(String),
      port: fc.constantFrom(80, 8080),
    }),
    { maxLength: 5 },
  )
  .map((all) =>
    all.map(({ endpoints, resourceVersion, port }, index) =>
      sliceOf(endpoints, {
        ...{ name: `app-${index}`, resourceVersion },
        ports: [{ name: 'http', port, protocol: 'TCP' }],
      }),
    ),
  );

/** A permutation of the list, as the numbers say. */
function shuffled<T>(list: readonly T[], numbers: readonly number[]): readonly T[] {
  return list
    .map((each, index) => [numbers[index % numbers.length] ?? 0, index, each] as const)
    .toSorted(([left, first], [right, second]) => left - right || first - second)
    .map(([, , each]) => each);
}

describe('whatever the slices are', () => {
  const numbers = fc.array(fc.nat(), { minLength: 1, maxLength: 10 });
  const zone = fc.constantFrom(undefined, 'a', 'c');

  it('gives the same servers in any order, and however they are split', () => {
    fc.assert(
      fc.property(anySlices, numbers, numbers, zone, (slices, first, second, where) => {
        const options = { port: 'http', zone: where };
        const expected = wantedServers(slices, options);
        const split = slices.flatMap((slice) =>
          shuffled(slice.endpoints, second).map((each, index) => ({
            ...slice,
            name: `${slice.name}-${index}`,
            endpoints: [each],
          })),
        );
        expect(wantedServers(shuffled(slices, first), options)).toEqual(expected);
        expect(wantedServers(shuffled(split, first), options).servers).toEqual(expected.servers);
      }),
      { numRuns: 500 },
    );
  });

  it('gives each server a name, an id and a place of its own', () => {
    fc.assert(
      fc.property(anySlices, zone, (slices, where) => {
        const { servers } = wantedServers(slices, { port: 'http', zone: where });
        for (const of of [
          servers.map(({ name }) => name),
          servers.map(({ id }) => String(id)),
          servers.map(({ address, port }) => `${address}:${port}`),
        ])
          expect(new Set(of).size).toBe(servers.length);
        for (const { weight, state } of servers) expect(weight === 0).toBe(state === 'drain');
      }),
      { numRuns: 500 },
    );
  });

  it('uses somebody wherever somebody serves', () => {
    fc.assert(
      fc.property(anySlices, zone, (slices, where) => {
        const { servers } = wantedServers(slices, { port: 'http', zone: where });
        const some = servers.some(({ state }) => state !== 'maint');
        expect(servers.some(({ state }) => state === 'up')).toBe(some);
      }),
      { numRuns: 500 },
    );
  });
});
