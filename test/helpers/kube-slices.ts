import type { KubeApiserver } from './kube-apiserver.ts';

export interface EndpointOptions {
  /** Null: an endpoint without a pod, as somebody makes by hand. */
  readonly pod: string | null;
  readonly address: string;
  /** Where it runs. */
  readonly node?: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
  /** Missing: as `ready`. */
  readonly serving?: boolean;
}

/** Makes, changes or (without endpoints) deletes a slice, as the EndpointSlice controller would: none runs here. */
export async function writeSlice(
  server: KubeApiserver,
  namespace: string,
  service: string,
  endpoints: readonly EndpointOptions[],
  name = `${service}-abcde`,
  port = 8080,
): Promise<void> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const body = {
    metadata: { name, labels: { 'kubernetes.io/service-name': service } },
    addressType: endpoints.some(({ address }) => address.includes(':')) ? 'IPv6' : 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: endpoints.map(
      ({ pod, address, node, ready = true, terminating = false, serving = ready }) => ({
        addresses: [address],
        conditions: { ready, serving, terminating },
        ...(node === undefined ? {} : { nodeName: node }),
        ...(pod === null ? {} : { targetRef: { kind: 'Pod', namespace, name: pod } }),
      }),
    ),
  };
  const known = await server.admin('GET', `${path}/${name}`, undefined, true);
  if (known.status === 404) await server.admin('POST', path, body);
  else await server.admin('PATCH', `${path}/${name}`, body);
}
