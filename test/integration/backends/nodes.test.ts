import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseServersState } from '../../../src/haproxy/servers-state.ts';
import { isOurs } from '../../../src/modules/backends/plan/plan.ts';
import { askStatus } from '../../../src/telemetry/ask-status.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { beat, writeNode, writeNodePort } from '../../helpers/kube-nodes.ts';
import { writeSlice } from '../../helpers/kube-slices.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { createAppServers } from '../../rig/app-servers.ts';
import { startBackendReplica } from '../../rig/backend-replica.ts';
import { ownNetwork } from '../../rig/network.ts';
import type { Replica } from '../../rig/replica.ts';
import { startRequests } from '../../rig/request-load.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30;
const missing = kubeApiserverMissing ?? missingOf({ 'HAProxy 3.0 or later': haproxy });
const network = ownNetwork();
const address = `${network}.1`;
const nodePort = 30_080;
const names = ['n1', 'n2', 'n3'];
const addressOf = (node: string) => `${network}.1${node.slice(1)}`;

/** Ours, as the worker has them: `name address:port weight`. */
async function servers(replica: Replica): Promise<readonly string[]> {
  const found = parseServersState(await replica.ask('show servers state be_app')) ?? [];
  return found
    .filter((each) => isOurs(each) && !each.inMaintenance)
    .map(({ name, address: at, port, weight }) => `${name} ${at}:${port} ${weight}`)
    .toSorted();
}

const statusOf = (replica: Replica) =>
  askStatus(address, replica.ports.probe, {
    ...{ timeoutMs: 2000, name: 'a', signal: new AbortController().signal },
  });

const shown = (node: string, weight: number) => `${node} ${addressOf(node)}:${nodePort} ${weight}`;

describe('the nodes of a Service', unless(missing), () => {
  let server: KubeApiserver;
  const apps = createAppServers(nodePort, 1);
  beforeAll(async () => {
    server = await startKubeApiserver();
    for (const name of names) {
      await writeNode(server, name, addressOf(name));
      await apps.start(addressOf(name));
    }
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await apps.close();
    await server?.stop();
  });

  async function start(namespace: string, kubeconfig: string) {
    const flags = [
      ...[`--backend=be_app=${namespace}/app:http`, '--address=node', '--delete-after=0s'],
      `--kubeconfig=${kubeconfig}`,
    ];
    const started = await startBackendReplica({
      ...{ haproxy: haproxy ?? '', address, flags, isRelay: true },
    });
    return { ...started, flags };
  }

  it('are its servers as soon as they may be read, follow its pods, and lose no request', {
    timeout: 90_000,
  }, async () => {
    const namespace = 'local';
    await server.createNamespace(namespace);
    const token = await server.createServiceAccountToken(namespace, 'sync');
    const kubeconfig = await server.writeKubeconfig('nodes', { token });
    const verbs = ['get', 'list', 'watch'];
    await server.allow(namespace, 'sync', 'endpointslices', verbs, 'discovery.k8s.io');
    await writeNodePort(server, namespace, 'app', nodePort, 'Local');
    const pod = (at: number, node: string) => ({ pod: `app-${at}`, address: `10.9.0.${at}`, node });
    const onTwo = [pod(1, 'n1'), pod(2, 'n1'), pod(3, 'n2')];
    await writeSlice(server, namespace, 'app', onTwo);
    const { replica, front, flags } = await start(namespace, kubeconfig);

    await eventually(() => replica.log().includes('nodes cannot be followed at present'));
    await eventually(() => replica.log().includes('services cannot be followed at present'));
    expect(replica.log()).toContain(
      'Add this rule to a ClusterRole and bind it to the pod\'s service account: {apiGroups: [\\"\\"], resources: [\\"nodes\\"]',
    );
    expect(replica.log()).toContain('refuses to list services in namespace local');
    expect(await replica.ready()).toBe(false);
    await server.allow(namespace, 'sync', 'services', verbs);
    // What is heard again does not hide what is not.
    const held = async () => (await statusOf(replica))?.backends?.[0]?.held.join('; ') ?? '';
    await eventually(async () => expect(await held()).not.toContain('list services'), {
      timeoutMs: 20_000,
    });
    expect(await held()).toContain('refuses to list nodes');
    await allowNodes(namespace, 'sync');
    await eventually(() => replica.ready(), { timeoutMs: 30_000 });
    expect(await servers(replica)).toEqual([shown('n1', 2), shown('n2', 1)]);

    const { lines } = await startProgram([
      ...['doctor', '--pod-name=a', `--pod-ip=${address}`, '--applier=direct', '--source=file'],
      ...['--members-file=/nowhere', `--haproxy-config=${replica.configFile}`, ...flags],
      ...[`--admin-socket=${replica.adminSocket}`, `--master-socket=${replica.masterSocket}`],
    ]).ended;
    expect(lines.join('\n')).toMatch(/ok +backend-endpoints +be_app: 2 of local\/app:http/);

    const load = startRequests(front, 10, '/app', address);
    onTestFinished(load.stop);
    await eventually(() => load.answers.size === 2);
    // The pod of n2 moves to n3.
    const leaves = { ...pod(3, 'n2'), ready: false, serving: true, terminating: true };
    await writeSlice(server, namespace, 'app', [...onTwo.slice(0, 2), leaves, pod(4, 'n3')]);
    await eventually(async () =>
      expect(await servers(replica)).toEqual([shown('n1', 2), shown('n2', 0), shown('n3', 1)]),
    );
    await writeSlice(server, namespace, 'app', [...onTwo.slice(0, 2), pod(4, 'n3')]);
    await eventually(async () =>
      expect(await servers(replica)).toEqual([shown('n1', 2), shown('n3', 1)]),
    );
    await eventually(() => load.answers.size === 3);

    // Every node passes requests on, but those that load balancers are to leave out.
    await writeNodePort(server, namespace, 'app', nodePort, 'Cluster');
    await eventually(async () =>
      expect(await servers(replica)).toEqual(names.map((name) => shown(name, 1))),
    );
    const label = 'node.kubernetes.io/exclude-from-external-load-balancers';
    await writeNode(server, 'n2', addressOf('n2'), { labels: { [label]: '' } });
    await eventually(async () =>
      expect(await servers(replica)).toEqual([shown('n1', 1), shown('n3', 1)]),
    );
    await eventually(() => {
      const text = readFileSync(replica.configFile, 'utf8');
      expect(text.match(/^ +server n\d /gm)).toHaveLength(2);
    });

    const changes = () => replica.log().match(/"msg":"servers changed"/g)?.length;
    const before = changes();
    for (const name of names) await beat(server, name);
    await writeNode(server, 'n2', addressOf('n2'), { labels: { [label]: null } });
    await eventually(async () =>
      expect(await servers(replica)).toEqual(names.map((name) => shown(name, 1))),
    );
    // Of a node that is only alive nothing is told.
    expect(changes()).toBe((before ?? 0) + 1);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await replica.reloads()).toBe(0);
  });

  async function allowNodes(namespace: string, account: string): Promise<void> {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'nodes' };
    const subjects = [{ kind: 'ServiceAccount', namespace, name: account }];
    const metadata = { name: 'nodes' };
    await server.admin('POST', `${rbac}/clusterroles`, { metadata, rules });
    await server.admin('POST', `${rbac}/clusterrolebindings`, { metadata, roleRef, subjects });
  }
});
