import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { allEstablished, allKeep, entries, figure, play, seconds } from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

describe('siblings by their Service on a real cluster', unless(noCluster), () => {
  const stage = new Stage();
  const traffic = new Traffic(stage.kubectl);
  let replicas: readonly Replica[] = [];

  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  async function change(what: string, count: number, reloads: number, args: readonly string[]) {
    onTestFailed(async () => console.log(await stage.report()));
    const outcome = await play({
      ...{ stage, traffic, what: `--service: ${what}`, count, reloads },
      play: async () => {
        await stage.kubectl(args);
        await stage.rolledOut();
      },
    });
    replicas = outcome.replicas;
  }

  it('starts with a Role that may not read pods, and shares the entries of one replica with all', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const started = Date.now();
    await stage.kubectl(['apply', '-k', 'examples/service']);
    await stage.rolledOut();
    figure('--service: ready after', seconds(started));
    replicas = await stage.replicas(3);
    await allEstablished(replicas);
    await traffic.start();

    await replicas[0]?.fill(entries);

    await allKeep(replicas);
    const account = `--as=system:serviceaccount:${stage.namespace}:haproxy`;
    const pods = stage.kubectl(['get', 'pods', account]);
    await expect(pods).rejects.toThrow(/cannot list resource "pods"/);
  });

  it('keeps every entry when two replicas join, leave, and all are replaced', async () => {
    const scale = (count: number) => ['scale', 'deployment/haproxy', `--replicas=${count}`];

    await change('scale 3 to 5', 5, 2, scale(5));
    await change('scale 5 to 3', 3, 0, scale(3));
    await change('rollout restart', 3, 0, ['rollout', 'restart', 'deployment/haproxy']);
  });

  it('has nothing that doctor finds wrong', async () => {
    const findings = await Promise.all(
      replicas.map(({ pod }) =>
        stage.kubectl([
          ...['exec', pod, '-c', 'haproxy-peer-sync', '--'],
          ...['haproxy-peer-sync', 'doctor'],
        ]),
      ),
    );

    for (const text of findings) {
      expect(text).toMatch(/^ok +rbac/m);
      expect(text).not.toMatch(/FAILURE|WARNING/);
    }
  });
});
