import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../helpers/eventually.ts';
import { onlyInAll, unless } from '../helpers/skip.ts';
import { suiteFolder } from '../helpers/test-folder.ts';
import { noCluster } from './no-cluster.ts';
import { entries } from './scenario.ts';
import { Stage } from './stage.ts';

const key = randomBytes(32).toString('base64');
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

describe('the example of snapshots on a real cluster', unless(noCluster ?? onlyInAll), () => {
  const stage = new Stage('statefulset');
  const folder = suiteFolder();

  beforeAll(async () => {
    await stage.open();
    const secret = 'haproxy-peer-sync-relay';
    await stage.kubectl(['create', 'secret', 'generic', secret, `--from-literal=key=${key}`]);
    for (const claim of claims)
      await stage.kubectl(['apply', '-f', '-'], volumeOf(claim, stage.namespace, folder));
    await stage.kubectl(['apply', '-k', 'examples/snapshot']);
    await stage.rolledOut();
  });
  afterAll(async () => {
    await stage.close();
    for (const claim of claims)
      await stage.kubectl(['delete', 'pv', `${stage.namespace}-${claim}`, '--wait=false']);
  });

  const metric = async (name: string) => {
    const replicas = await stage.replicas(3);
    const found = await Promise.all(
      replicas.map((each) => each.shell('curl -fsS http://127.0.0.1:8405/metrics')),
    );
    return Math.max(
      ...found.map((text) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? 0)),
    );
  };

  it('brings back every entry when all pods are deleted at once', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const [first] = await stage.replicas(3);
    await first?.fill(entries);
    await eventually(async () => (await metric('haproxy_peer_sync_snapshot_entries')) >= entries, {
      timeoutMs: 120_000,
      intervalMs: 2000,
    });

    await stage.kubectl(['delete', 'pod', '-l', 'app=haproxy', '--grace-period=0', '--force']);
    await stage.rolledOut();

    const held = await Promise.all((await stage.replicas(3)).map((each) => each.kept()));
    expect(held).toEqual([entries, entries, entries]);
  });
});
