import type { KubeApiserver } from './kube-apiserver.ts';

export interface NodeOptions {
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly taints?: readonly { readonly key: string; readonly effect: string }[];
}

/** Makes or changes a Node with this InternalIP, as its kubelet would: none runs here. */
export async function writeNode(
  server: KubeApiserver,
  name: string,
  address: string,
  { labels = {}, taints = [] }: NodeOptions = {},
): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  const body = { metadata: { name, labels }, spec: { taints } };
  const known = await server.admin('GET', path, undefined, true);
  if (known.status === 404) await server.admin('POST', '/api/v1/nodes', body);
  else await server.admin('PATCH', path, body);
  const status = { addresses: [{ type: 'InternalIP', address }] };
  await server.admin('PATCH', `${path}/status`, { status });
}

/** A kubelet says that it is alive, and nothing else. */
export async function beat(server: KubeApiserver, name: string): Promise<void> {
  const condition = { type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() };
  await server.admin('PATCH', `/api/v1/nodes/${name}/status`, {
    status: { conditions: [condition] },
  });
}

/** Makes or changes a Service of type NodePort with the port `http` 80. */
export async function writeNodePort(
  server: KubeApiserver,
  namespace: string,
  name: string,
  nodePort: number,
  externalTrafficPolicy: 'Local' | 'Cluster',
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/services`;
  const ports = [{ name: 'http', port: 80, nodePort, protocol: 'TCP' }];
  const body = { metadata: { name }, spec: { type: 'NodePort', externalTrafficPolicy, ports } };
  const known = await server.admin('GET', `${path}/${name}`, undefined, true);
  if (known.status === 404) await server.admin('POST', path, body);
  else await server.admin('PATCH', `${path}/${name}`, body);
}
