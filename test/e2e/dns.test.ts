import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { z } from 'zod';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { allEstablished, allKeep, entries, figure, play, seconds } from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

/** The address of the cluster's DNS; also for a cluster whose kubelet does not tell it to the pods. */
function clusterDns(): string {
  try {
    const args = ['--namespace=kube-system', 'get', 'service', 'kube-dns'];
    const path = ['-o', 'jsonpath={.spec.clusterIP}'];
    return execFileSync('kubectl', [...args, ...path], { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}

const server = noCluster === undefined ? clusterDns() : '';
const noDns = server === '' ? 'the cluster has no DNS, that is, no Service kube-dns' : undefined;
const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ podIP: z.string().optional() }),
    }),
  ),
});

describe('siblings by DNS on a real cluster', unless(noCluster ?? noDns), () => {
  const stage = new Stage();
  const traffic = new Traffic(stage.kubectl);
  const addresses = new Map<string, string>();
  let replicas: readonly Replica[] = [];

  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  const nameOf = (pod: string) => `peer-${(addresses.get(pod) ?? '').replaceAll('.', '-')}`;

  async function learnAddresses(): Promise<void> {
    const text = await stage.kubectl(['get', 'pods', '-l', 'app=haproxy', '-o', 'json']);
    for (const { metadata, status } of podList.parse(JSON.parse(text)).items) {
      addresses.set(metadata.name, status.podIP ?? '');
    }
  }

  async function change(what: string, count: number, reloads: number, args: readonly string[]) {
    onTestFailed(async () => console.log(await stage.report()));
    const outcome = await play({
      ...{ stage, traffic, what: `--dns: ${what}`, count, reloads, nameOf },
      play: async () => {
        await stage.kubectl(args);
        await stage.rolledOut();
        await learnAddresses();
      },
    });
    replicas = outcome.replicas;
  }

  it('starts without a token, and shares the entries of one replica with all', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const started = Date.now();
    const manifest = await stage.kubectl(['kustomize', 'examples/dns']);
    const name = `haproxy-peers.${stage.namespace}.svc.cluster.local`;
    const asked = manifest.replaceAll(
      /^( *)- name: HAPROXY_PEER_SYNC_DNS\n *value: haproxy-peers$/gm,
      `$1- name: HAPROXY_PEER_SYNC_DNS\n$1  value: ${name}\n$1- name: HAPROXY_PEER_SYNC_DNS_SERVER\n$1  value: ${server}`,
    );
    await stage.kubectl(['apply', '-f', '-'], asked);
    await stage.rolledOut();
    figure('--dns: ready after', seconds(started));
    replicas = await stage.replicas(3);
    await learnAddresses();
    await allEstablished(replicas, nameOf);
    await traffic.start();

    await replicas[0]?.fill(entries);

    await allKeep(replicas);
    const token = 'ls /var/run/secrets/kubernetes.io 2>/dev/null | wc -l';
    const found = await stage.kubectl([
      ...['exec', replicas[0]?.pod ?? '', '-c', 'haproxy-peer-sync', '--', 'sh', '-c', token],
    ]);
    expect(found.trim()).toBe('0');
  });

  it('keeps every entry when two replicas join, leave, and all are replaced', async () => {
    const scale = (count: number) => ['scale', 'deployment/haproxy', `--replicas=${count}`];

    await change('scale 3 to 5', 5, 2, scale(5));
    await change('scale 5 to 3', 3, 0, scale(3));
    await change('rollout restart', 3, 0, ['rollout', 'restart', 'deployment/haproxy']);
  });
});
