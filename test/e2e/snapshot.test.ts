import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../helpers/eventually.ts';
import { onlyInAll, unless } from '../helpers/skip.ts';
import { suiteFolder } from '../helpers/test-folder.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { allKeep, entries, figure, seconds } from './scenario.ts';
import { killProcesses, nodeElsewhere, putRelaySecret, recorded } from './snapshot-stage.ts';
import { Stage } from './stage.ts';

const claims = [0, 1, 2].map((index) => `snapshots-haproxy-${index}`);

/** The cluster provides no volumes: one is made for each claim, in a folder of the node, which is this machine. */
function volumeOf(claim: string, namespace: string, folder: string): string {
  const path = join(folder, claim);
  mkdirSync(path);
  // kubelet does not give such a folder to the group of the pod.
  chmodSync(path, 0o777);
  return stringify({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `${namespace}-${claim}` },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace, name: claim },
      hostPath: { path },
    },
  });
}

/** Waits until each of the containers of HAProxy has been started anew, and all pods are ready again. */
async function startedAnew(stage: Stage, earlier: number, replicas: number): Promise<void> {
  await eventually(async () => (await stage.restarts()) >= earlier + replicas, {
    timeoutMs: 120_000,
    intervalMs: 500,
  });
  await stage.kubectl([
    'wait',
    'pod',
    '-l',
    'app=haproxy',
    '--for=condition=Ready',
    '--timeout=180s',
  ]);
}

/** What the sidecars say: an entry that was learned from a HAProxy that had lived on would prove nothing. */
async function restoredBySomeone(stage: Stage): Promise<void> {
  await stage.collectLogs();
  expect([...stage.logs.values()].join('\n')).toContain('snapshot restored');
}

describe.each([
  { mode: 'relay mode', example: 'examples/snapshot' },
  { mode: 'reload mode', example: 'examples/snapshot/reload' },
])(
  'snapshots in a StatefulSet in $mode on a real cluster',
  unless(noCluster ?? onlyInAll),
  ({ mode, example }) => {
    const stage = new Stage('statefulset');
    const folder = suiteFolder();

    beforeAll(async () => {
      await stage.open();
      if (mode === 'relay mode') await putRelaySecret(stage);
      for (const claim of claims)
        await stage.kubectl(['apply', '-f', '-'], volumeOf(claim, stage.namespace, folder));
      await stage.kubectl(['apply', '-k', example]);
      await stage.rolledOut();
    });
    afterAll(async () => {
      await stage.close();
      for (const claim of claims)
        await stage.kubectl(['delete', 'pv', `${stage.namespace}-${claim}`, '--wait=false']);
    });

    it('brings back every entry when all pods are deleted at once', async () => {
      onTestFailed(async () => console.log(await stage.report()));
      const [first] = await stage.replicas(3);
      await first?.fill(entries);
      await recorded(stage, 3, entries);
      const started = Date.now();

      await stage.kubectl(['delete', 'pod', '-l', 'app=haproxy', '--grace-period=0', '--force']);
      await stage.rolledOut();

      figure(`all pods deleted, ${mode}, rolled out after`, seconds(started));
      const held = await Promise.all((await stage.replicas(3)).map((each) => each.kept()));
      expect(held).toEqual([entries, entries, entries]);
      await restoredBySomeone(stage);
    });
  },
);

describe('snapshots in a Deployment on a real cluster', unless(noCluster ?? onlyInAll), () => {
  const stage = new Stage();

  beforeAll(async () => {
    await stage.open();
    await putRelaySecret(stage);
    await stage.kubectl(['apply', '-k', 'examples/snapshot/deployment']);
    await stage.rolledOut();
  });
  afterAll(() => stage.close());

  /** HAProxy ends with its worker. Nothing in the container can kill its first process. */
  const crash = (replica: Replica) => replica.shell('kill -9 $(pgrep -P 1 -x haproxy | head -n 1)');

  it('brings back every entry when all HAProxys crash at once', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const replicas = await stage.replicas(3);
    await replicas[0]?.fill(entries);
    await allKeep(replicas);
    await recorded(stage, 3, entries);
    const earlier = await stage.restarts();
    const started = Date.now();

    await Promise.all(replicas.map(crash));
    await startedAnew(stage, earlier, 3);

    figure('all HAProxys crashed, ready after', seconds(started));
    const held = await Promise.all((await stage.replicas(3)).map((each) => each.kept()));
    expect(held).toEqual([entries, entries, entries]);
    await restoredBySomeone(stage);
  });
});

describe(
  'snapshots in a DaemonSet on a real cluster',
  unless(noCluster ?? nodeElsewhere ?? onlyInAll),
  () => {
    const stage = new Stage('daemonset');
    const folder = suiteFolder();

    beforeAll(async () => {
      await stage.open('privileged');
      await putRelaySecret(stage);
      const text = await stage.kubectl(['kustomize', 'examples/snapshot/daemonset']);
      // The node is this machine: nothing of the test may stay on it.
      const manifest = text.replaceAll('/var/lib/haproxy-peer-sync', join(folder, 'snapshots'));
      await stage.kubectl(['apply', '-f', '-'], manifest);
      await stage.rolledOut();
    });
    afterAll(() => stage.close());

    it('brings back every entry when the node restarts', async () => {
      onTestFailed(async () => console.log(await stage.report()));
      const [replica] = await stage.replicas(1);
      if (replica === undefined) throw new Error('no pod');
      await replica.fill(entries);
      await recorded(stage, 1, entries);
      const uid = ['get', 'pod', replica.pod, '-o', 'jsonpath={.metadata.uid}'];
      const earlier = await stage.restarts();

      // No node can be restarted here. What it does to a pod is this: all its processes end, and kubelet starts them anew.
      const killed = killProcesses(await stage.kubectl(uid));

      expect(killed).toBeGreaterThanOrEqual(4);
      await startedAnew(stage, earlier, 1);
      expect(await replica.kept()).toBe(entries);
      await restoredBySomeone(stage);
    });

    it('brings back every entry when the pod is deleted', async () => {
      onTestFailed(async () => console.log(await stage.report()));
      await stage.kubectl(['delete', 'pod', '-l', 'app=haproxy', '--grace-period=0', '--force']);
      await stage.rolledOut();

      const [replica] = await stage.replicas(1);
      expect(await replica?.kept()).toBe(entries);
    });
  },
);
