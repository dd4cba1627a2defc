import { type Check, failure, type OwnPodFact, ok } from './facts.ts';
import { notLookedAt } from './not-looked-at.ts';

interface Mesh {
  readonly name: string;
  /** Its container in the pod. */
  readonly proxy: string;
  /** Annotations with the ports that it leaves alone, by direction. */
  readonly excluded: readonly string[];
}

const meshes: readonly Mesh[] = [
  {
    name: 'Istio',
    proxy: 'istio-proxy',
    excluded: [
      'traffic.sidecar.istio.io/excludeInboundPorts',
      'traffic.sidecar.istio.io/excludeOutboundPorts',
    ],
  },
  {
    name: 'Linkerd',
    proxy: 'linkerd-proxy',
    excluded: ['config.linkerd.io/skip-inbound-ports', 'config.linkerd.io/skip-outbound-ports'],
  },
];

/** `3000,8405` and, as Linkerd takes it, `3000-3005`. */
function includes(list: string, port: number): boolean {
  return list.split(',').some((each) => {
    const [first = '', last = first] = each.trim().split('-');
    return /^\d+$/.test(first) && Number(first) <= port && port <= Number(last);
  });
}

function isIn({ containers, initContainers }: OwnPodFact, proxy: string): boolean {
  // A native sidecar is an init container.
  return containers.includes(proxy) || initContainers.includes(proxy);
}

/** A proxy of a mesh in the pod takes the connections between the peers for its own. */
export const mesh: Check = ({ ownPod, options, relay }) => {
  if (ownPod === undefined) return [];
  const name = 'mesh';
  if (!ownPod.ok) return [notLookedAt(name, ['this pod'], ownPod)];
  const pod = ownPod.value;
  const ports = [relay?.port ?? options.peersPort, options.statusPort];
  return meshes
    .filter(({ proxy }) => isIn(pod, proxy))
    .map((found) => {
      const lacking = found.excluded.filter((key) => {
        const list = pod.annotations[key] ?? '';
        return !ports.every((port) => includes(list, port));
      });
      if (lacking.length === 0)
        return ok(name, `${found.name} leaves ports ${ports.join(' and ')} alone`);
      return failure(
        name,
        `${found.name} is in this pod (${found.proxy}) and takes over ports ${ports.join(' and ')}: peers and this pod may not hear each other`,
        `annotations of the pod template: ${found.excluded.map((key) => `${key}: "${ports.join(',')}"`).join(', ')}`,
      );
    });
};
