import { quoted } from '../../../model/names.ts';
import { type Candidate, candidatesOf, type WantedPort } from '../endpoints/endpoint-addresses.ts';
import { oneOfEach } from '../endpoints/one-of-each.ts';
import { serverIds } from '../endpoints/server-id.ts';
import type { Slice } from '../endpoints/slice.ts';
import type { Wanted } from '../endpoints/wanted.ts';
import type { WantedServer } from '../server.ts';
import type { NodeFacts } from './node.ts';
import type { ServiceFacts, ServicePort } from './service.ts';

export interface WantedNodesInput {
  readonly slices: Iterable<Slice>;
  readonly nodes: Iterable<NodeFacts>;
  /** Null: there is none of this name. */
  readonly service: ServiceFacts | null;
  /** Of the Service: its name or number; null: it has only one. */
  readonly port: WantedPort;
}

/** The most that HAProxy takes for a weight. */
const mostWeight = 256;

/** The port of the Service, or why there is none. */
function portOf({ name, ports }: ServiceFacts, wanted: WantedPort): ServicePort | string {
  const found =
    wanted === null
      ? ports
      : ports.filter((each) =>
          typeof wanted === 'number' ? each.port === wanted : each.name === wanted,
        );
  const [first] = found;
  const names = ports.map((each) => each.name || String(each.port)).join(', ') || 'none';
  if (first === undefined)
    return `Service ${name} has no TCP port${wanted === null ? '' : ` ${wanted}, but ${names}`}`;
  if (found.length > 1)
    return `Service ${name} has several ports (${names}): name one, as in BACKEND=SERVICE:PORT`;
  return first;
}

type Standing = Pick<WantedServer, 'state' | 'weight'>;

const drains: Standing = { state: 'drain', weight: 0 };
const rests: Standing = { state: 'maint', weight: 1 };

function countByNode(all: readonly Candidate[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { node } of all) if (node !== null) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

/** How each node stands by what runs on it; undefined: it is no server. */
function standings(endpoints: readonly Candidate[], isLocal: boolean) {
  const ready = endpoints.filter((each) => each.ready);
  const lasting = endpoints.filter(({ serving, terminating }) => serving && terminating);
  const used = countByNode(ready.length > 0 ? ready : lasting);
  const left = countByNode(lasting);
  const known = countByNode(endpoints);
  return ({ name, isLeaving }: NodeFacts): Standing | undefined => {
    if (!isLocal) {
      if (ready.length + lasting.length === 0) return rests;
      return isLeaving ? drains : { state: 'up', weight: 1 };
    }
    const count = used.get(name);
    if (count !== undefined)
      return isLeaving ? drains : { state: 'up', weight: Math.min(count, mostWeight) };
    if (left.has(name)) return drains;
    return known.has(name) ? rests : undefined;
  };
}

/**
 * The servers of a backend that reaches a Service over the port it has on each node. With externalTrafficPolicy Local these are the nodes on which its
 * pods run, weighted by how many are ready; else all. Not those that are to be left out of load balancers; those that the autoscaler is about to
 * remove drain. Whether a node is ready does not matter: its kubelet may be silent while it serves, and health checks tell (KEP-3458).
 */
export function wantedNodes({ slices, nodes, service, port }: WantedNodesInput): Wanted {
  if (service === null) return { servers: [], notes: ['the Service is not there'] };
  const found = portOf(service, port);
  if (typeof found === 'string') return { servers: [], notes: [found] };
  const { nodePort } = found;
  if (nodePort === null)
    return {
      servers: [],
      notes: [
        `Service ${service.name} has no port on the nodes: it must be of type NodePort or LoadBalancer, or --address pod`,
      ],
    };
  const { candidates, notes } = candidatesOf(slices, found.name);
  const standing = standings(oneOfEach(candidates), service.isLocal);
  const all = [...nodes].filter(({ isExcluded }) => !isExcluded);
  const ids = serverIds(all.map(({ name }) => name));
  const without: string[] = [];
  const servers = all.flatMap((node): readonly WantedServer[] => {
    const { name, address } = node;
    const how = standing(node);
    if (how === undefined) return [];
    if (address !== null)
      return [{ name, id: ids.get(name) ?? 0, address, port: nodePort, ...how }];
    without.push(`node ${quoted(name)} has no InternalIP`);
    return [];
  });
  return {
    servers: servers.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
    notes: [...notes, ...without],
  };
}
