import { z } from 'zod';
import type { KubeApiserver } from './kube-apiserver.ts';

const created = z.object({ metadata: z.object({ uid: z.string() }) });

export interface PodOptions {
  readonly labels?: Readonly<Record<string, string>>;
  /** `status.podIPs`; the first is `status.podIP`. */
  readonly ips?: readonly string[];
  readonly phase?: string;
  /** Its condition Ready, which no kubelet gives it here. */
  readonly ready?: boolean;
  /** Bound to a node, so that a deletion waits for a kubelet that never comes: the pod stays terminating. */
  readonly bound?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: one of HAProxy. */
  readonly containers?: readonly object[];
  readonly initContainers?: readonly object[];
  /** Its controller, with a uid of its own where that matters. */
  readonly owner?: PodOwner;
}

export interface PodOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid?: string;
}

function podsPath(namespace: string, name = ''): string {
  return `/api/v1/namespaces/${namespace}/pods${name === '' ? '' : `/${name}`}`;
}

/** Creates a pod and gives it the status a kubelet would. Its uid. */
export async function createPod(
  server: KubeApiserver,
  namespace: string,
  name: string,
  options: PodOptions = {},
): Promise<string> {
  const {
    labels = { app: 'haproxy' },
    ips = [],
    phase = 'Running',
    bound = false,
    ready,
  } = options;
  const { containers = [{ name: 'haproxy', image: 'haproxy' }], initContainers = [] } = options;
  const spec = { containers, initContainers, ...(bound ? { nodeName: 'node' } : {}) };
  const { owner } = options;
  const ownerReferences =
    owner === undefined ? [] : [{ uid: `uid-of-${owner.name}`, ...owner, controller: true }];
  const { annotations = {} } = options;
  const metadata = { name, labels, annotations, ownerReferences };
  const made = created.parse(
    (await server.admin('POST', podsPath(namespace), { metadata, spec })).body,
  );
  await patchPodStatus(server, namespace, name, ips, phase, ready);
  return made.metadata.uid;
}

export async function patchPodStatus(
  server: KubeApiserver,
  namespace: string,
  name: string,
  ips: readonly string[],
  phase = 'Running',
  ready?: boolean,
): Promise<void> {
  const podIPs = ips.map((ip) => ({ ip }));
  const told = { phase, podIP: ips[0] ?? null, podIPs: podIPs.length === 0 ? null : podIPs };
  const conditions = [{ type: 'Ready', status: ready === true ? 'True' : 'False' }];
  const status = ready === undefined ? told : { ...told, conditions };
  await server.admin('PATCH', `${podsPath(namespace, name)}/status`, { status });
}

/** `graceSeconds` 0 removes it at once; more leaves a bound pod terminating. */
export async function deletePod(
  server: KubeApiserver,
  namespace: string,
  name: string,
  graceSeconds = 0,
): Promise<void> {
  const path = `${podsPath(namespace, name)}?gracePeriodSeconds=${graceSeconds}`;
  await server.admin('DELETE', path);
}
