import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { createCa } from '../helpers/certificates.ts';
import { unless } from '../helpers/skip.ts';
import { suiteFolder } from '../helpers/test-folder.ts';
import { noCluster } from './no-cluster.ts';
import { putPeersSecret } from './peers-secret.ts';
import { adminSocket, type Replica } from './replica.ts';
import { allEstablished, allKeep, entries, figure, play, seconds } from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

const document = z.looseObject({ kind: z.string(), spec: z.looseObject({}).optional() });

/**
 * One node has one pod of a DaemonSet, and no sibling. So two more replicas stand beside it as a Deployment: the same
 * pods without hostNetwork, whose peers are called after the pods.
 */
describe('the example as a DaemonSet on a real cluster', unless(noCluster), () => {
  const stage = new Stage('daemonset');
  const traffic = new Traffic(stage.kubectl);
  const directory = suiteFolder();
  let others: readonly Replica[] = [];

  // The node's network is not for pods under a stricter standard.
  beforeAll(async () => {
    await stage.open('privileged');
    await putPeersSecret(stage.kubectl, createCa(directory).issue());
  });
  afterAll(() => stage.close());

  async function besides(): Promise<string> {
    const text = await stage.kubectl(['kustomize', 'examples/daemonset']);
    const daemonSet = parseAllDocuments(text)
      .map((each) => document.parse(each.toJS()))
      .find(({ kind }) => kind === 'DaemonSet');
    const spec = JSON.parse(JSON.stringify(daemonSet?.spec ?? {}));
    delete spec.updateStrategy;
    delete spec.template.spec.hostNetwork;
    spec.template.spec.dnsPolicy = 'ClusterFirst';
    spec.template.metadata.labels.beside = 'daemonset';
    const selector = { matchLabels: { app: 'haproxy', beside: 'daemonset' } };
    const metadata = { name: 'beside' };
    // Both sides find each other by the label that they share.
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { ...spec, replicas: 2, selector },
    };
    return JSON.stringify(deployment)
      .replaceAll('"args":["init"', '"args":["init","--selector=app=haproxy"')
      .replaceAll('"args":["run"', '"args":["run","--selector=app=haproxy"');
  }

  it('starts, and is called after its node', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const started = Date.now();
    await stage.kubectl(['apply', '-k', 'examples/daemonset']);
    await stage.kubectl(['apply', '-f', '-'], await besides());
    await stage.rolledOut();
    await stage.rolledOut('deployment/beside');
    figure('DaemonSet and two beside it, ready after', seconds(started));
    const replicas = await stage.replicas(3);
    const [daemon] = replicas.filter(({ pod }) => !pod.startsWith('beside'));
    others = replicas.filter(({ pod }) => pod.startsWith('beside'));
    const node = await stage.kubectl([
      'get',
      'pod',
      daemon?.pod ?? '',
      '-o',
      'jsonpath={.spec.nodeName}',
    ]);
    const names = new Map(replicas.map(({ pod }) => [pod, pod === daemon?.pod ? node : pod]));
    await allEstablished(replicas, (pod) => names.get(pod) ?? pod);
    await traffic.start();

    await others[0]?.fill(entries);

    await allKeep(replicas);
    // Of two replicas only the one that has connected tells how.
    const transports = await Promise.all(
      replicas.map((each) => each.shell(`echo 'show peers' | socat -t 5 - ${adminSocket}`)),
    );
    expect(transports.join('')).toContain('xprt=SSL');
    expect(transports.join('')).not.toContain('xprt=RAW');
  });

  it('comes back after a rollout restart with all entries, and nobody reloads', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const node = (
      await stage.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}'])
    ).trim();

    const { replicas } = await play({
      stage,
      traffic,
      what: 'DaemonSet, rollout restart',
      count: 3,
      reloads: 0,
      nameOf: (pod) => (pod.startsWith('beside') ? pod : node),
      play: async () => {
        await stage.kubectl(['rollout', 'restart', 'daemonset/haproxy']);
        await stage.rolledOut();
      },
    });

    const reloads = await Promise.all(replicas.map((replica) => replica.reloads()));
    figure('DaemonSet, reloads of all', reloads.join(' '));
    expect(replicas).toHaveLength(3);
  });
});
