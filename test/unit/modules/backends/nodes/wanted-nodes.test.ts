import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SliceEndpoint } from '../../../../../src/modules/backends/endpoints/slice.ts';
import { type NodeFacts, nodes } from '../../../../../src/modules/backends/nodes/node.ts';
import { type ServiceFacts, services } from '../../../../../src/modules/backends/nodes/service.ts';
import {
  type WantedNodesInput,
  wantedNodes,
} from '../../../../../src/modules/backends/nodes/wanted-nodes.ts';
import { endpointOf, sliceOf } from '../../../../helpers/slices.ts';

const service: ServiceFacts = {
  name: 'app',
  ports: [{ name: 'http', port: 80, nodePort: 30_080 }],
  isLocal: true,
};

function nodeOf(name: string, part: Partial<NodeFacts> = {}): NodeFacts {
  return { name, address: `10.1.0.${name.slice(1)}`, isExcluded: false, isLeaving: false, ...part };
}

/** `app-1` on n1 and so on. */
function on(node: string, pod: string, part: Partial<SliceEndpoint> = {}): SliceEndpoint {
  return endpointOf(pod, `10.0.0.${pod.slice(-1)}`, { node, ...part });
}

const three = ['n1', 'n2', 'n3'].map((name) => nodeOf(name));
const gone = { ready: false, serving: false } as const;
const leaving = { ready: false, serving: true, terminating: true } as const;

/** `name state weight`, and what was noted. */
function shown(endpoints: readonly SliceEndpoint[], part: Partial<WantedNodesInput> = {}) {
  const { servers, notes } = wantedNodes({
    ...{ slices: [sliceOf(endpoints)], nodes: three, service, port: 'http' },
    ...part,
  });
  return [...servers.map(({ name, state, weight }) => `${name} ${state} ${weight}`), ...notes];
}

describe('the nodes of a Service with externalTrafficPolicy Local', () => {
  it('are those with its pods, weighted by how many are ready, at the port they have', () => {
    const endpoints = [on('n1', 'app-1'), on('n1', 'app-2'), on('n3', 'app-3')];
    expect(shown(endpoints)).toEqual(['n1 up 2', 'n3 up 1']);
    const slices = [sliceOf(endpoints)];
    const { servers } = wantedNodes({ slices, nodes: three, service, port: 80 });
    expect(servers[0]).toMatchObject({ address: '10.1.0.1', port: 30_080 });
  });

  it.each<[string, readonly SliceEndpoint[], readonly string[]]>([
    [
      'drain where the last pods leave and others are ready',
      [on('n1', 'app-1'), on('n2', 'app-2', leaving)],
      ['n1 up 1', 'n2 drain 0'],
    ],
    [
      'serve with pods that leave where none is ready',
      [on('n1', 'app-1', gone), on('n2', 'app-2', leaving)],
      ['n1 maint 1', 'n2 up 1'],
    ],
    ['get nobody where nothing serves', [on('n1', 'app-1', gone)], ['n1 maint 1']],
    ['are none where there is no pod', [], []],
    ['are none where a slice names no node', [endpointOf('app-1', '10.0.0.1')], []],
    ['are none where the node is not known', [on('n9', 'app-1')], []],
  ])('%s', (_, endpoints, expected) => {
    expect(shown(endpoints)).toEqual(expected);
  });

  it('count a pod once that two slices have, and no more than HAProxy takes', () => {
    const many = Array.from({ length: 300 }, (_, at) =>
      endpointOf(`app-${at}`, `10.2.${at >> 8}.${at & 255}`, { node: 'n1' }),
    );
    const slices = [sliceOf(many), sliceOf([on('n2', 'app-x1')]), sliceOf([on('n2', 'app-x1')])];
    expect(shown([], { slices })).toEqual(['n1 up 256', 'n2 up 1']);
  });
});

describe('the nodes of a Service', () => {
  const cluster = { service: { ...service, isLocal: false } };

  it('are all of them where each passes a request on', () => {
    expect(shown([on('n1', 'app-1')], cluster)).toEqual(['n1 up 1', 'n2 up 1', 'n3 up 1']);
  });

  it('get nobody where no endpoint serves', () => {
    expect(shown([on('n1', 'app-1', gone)], cluster)).toEqual(
      ['n1', 'n2', 'n3'].map((name) => `${name} maint 1`),
    );
  });

  it('are without those that load balancers are to leave out, and drain those that are about to be removed', () => {
    const nodes = [
      nodeOf('n1', { isExcluded: true }),
      nodeOf('n2', { isLeaving: true }),
      nodeOf('n3'),
    ];
    expect(shown([on('n1', 'app-1')], { ...cluster, nodes })).toEqual(['n2 drain 0', 'n3 up 1']);
    expect(shown([on('n2', 'app-1'), on('n3', 'app-2')], { nodes })).toEqual([
      'n2 drain 0',
      'n3 up 1',
    ]);
  });

  it.each<[string, Partial<WantedNodesInput>, RegExp]>([
    ['there is no such Service', { service: null }, /^the Service is not there$/],
    ['it has no such port', { port: 'web' }, /^Service app has no TCP port web, but http$/],
    [
      'it has several, and none is named',
      {
        port: null,
        service: { ...service, ports: [...service.ports, { name: 'b', port: 1, nodePort: 2 }] },
      },
      /^Service app has several ports \(http, b\): name one/,
    ],
    [
      'it is of type ClusterIP',
      { service: { ...service, ports: [{ name: 'http', port: 80, nodePort: null }] } },
      /^Service app has no port on the nodes: it must be of type NodePort or LoadBalancer/,
    ],
    [
      'a node has no address',
      { nodes: [nodeOf('n1', { address: null })] },
      /^node "n1" has no InternalIP$/,
    ],
  ])('are none where %s, and that is said', (_, part, why) => {
    const [note, ...rest] = shown([on('n1', 'app-1')], part);
    expect(note).toMatch(why);
    expect(rest).toEqual([]);
  });

  it('are the same, with the same ids, in whatever order and slices things come', () => {
    const anyEndpoint = fc
      .tuple(fc.constantFrom('n1', 'n2', 'n3'), fc.nat(9), fc.constantFrom({}, gone, leaving))
      .map(([node, pod, part]) => on(node, `app-${pod}`, part));
    fc.assert(
      fc.property(
        fc.array(fc.array(anyEndpoint, { maxLength: 5 }), { maxLength: 4 }),
        fc.boolean(),
        (groups, isLocal) => {
          const slices = groups.map((endpoints, at) =>
            sliceOf(endpoints, { name: `app-${at}`, resourceVersion: String(at) }),
          );
          const input = { nodes: three, service: { ...service, isLocal }, port: 'http' } as const;
          const forward = wantedNodes({ ...input, slices });
          const backward = wantedNodes({
            ...input,
            slices: slices
              .map((each) => ({ ...each, endpoints: each.endpoints.toReversed() }))
              .toReversed(),
            nodes: three.toReversed(),
          });
          expect(backward).toEqual(forward);
          for (const { weight, state } of forward.servers)
            expect(weight > 0).toBe(state !== 'drain');
        },
      ),
    );
  });
});

describe('what the API server says', () => {
  const status = (...addresses: readonly [string, string][]) => ({
    addresses: addresses.map(([type, address]) => ({ type, address })),
  });
  it.each<[string, object, Partial<NodeFacts>]>([
    [
      'IPv4 first',
      { status: status(['Hostname', 'n1'], ['InternalIP', 'fd00::1'], ['InternalIP', '10.1.0.1']) },
      { address: '10.1.0.1' },
    ],
    [
      'IPv6 where it is alone',
      { status: status(['InternalIP', 'fd00::1']) },
      { address: 'fd00::1' },
    ],
    ['no other address', { status: status(['ExternalIP', '1.2.3.4']) }, { address: null }],
    ['none of a link', { status: status(['InternalIP', 'fe80::1%eth0']) }, { address: null }],
    ['nothing', {}, { address: null, isExcluded: false, isLeaving: false }],
    [
      'the taint of the autoscaler',
      { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] } },
      { isLeaving: true },
    ],
  ])('of a node: %s', (_, object, facts) => {
    expect(nodes.schema.parse({ metadata: { name: 'n1' }, ...object })).toMatchObject(facts);
  });

  it('of a node that load balancers are to leave out: its label, whatever the value', () => {
    const labels = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
    expect(nodes.schema.parse({ metadata: { name: 'n1', labels } }).isExcluded).toBe(true);
  });

  it('of a Service: TCP ports, and whether nodes serve with their own pods alone', () => {
    const spec = {
      externalTrafficPolicy: 'Local',
      ports: [
        { port: 80, nodePort: 30_080 },
        { name: 'dns', port: 53, nodePort: 30_053, protocol: 'UDP' },
        { name: 'later', port: 81 },
      ],
    };
    expect(services.schema.parse({ metadata: { name: 'app' }, spec })).toEqual({
      ...{ name: 'app', isLocal: true },
      ports: [
        { name: '', port: 80, nodePort: 30_080 },
        { name: 'later', port: 81, nodePort: null },
      ],
    });
    expect(services.schema.parse({ metadata: { name: 'app' } })).toMatchObject({ ports: [] });
  });

  it('again, with nothing new, is no change', () => {
    const one = nodes.schema.parse({ metadata: { name: 'n1' } });
    expect(nodes.same(one, { ...one })).toBe(true);
    for (const other of [{ address: '10.0.0.1' }, { isExcluded: true }, { isLeaving: true }])
      expect(nodes.same(one, { ...one, ...other })).toBe(false);
  });
});
