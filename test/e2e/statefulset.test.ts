import { afterAll, beforeAll, describe, it, onTestFailed } from 'vitest';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import {
  allEstablished,
  allKeep,
  entries,
  figure,
  play,
  type Scenario,
  seconds,
} from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

describe('the example as a StatefulSet on a real cluster', unless(noCluster), () => {
  const stage = new Stage('statefulset');
  const traffic = new Traffic(stage.kubectl);

  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  async function change(
    what: string,
    count: number,
    act: () => Promise<unknown>,
    part: Partial<Scenario> = {},
  ) {
    onTestFailed(async () => console.log(await stage.report()));
    await play({
      stage,
      traffic,
      what: `StatefulSet, ${what}`,
      count,
      // Its names are known in advance: nobody ever reloads for anybody.
      reloads: 0,
      play: async () => {
        await act();
        await stage.rolledOut();
      },
      ...part,
    });
  }
  const scale = (count: number) =>
    stage.kubectl(['scale', 'statefulset/haproxy', `--replicas=${count}`]);

  it('starts and shares the entries of one replica with all', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const started = Date.now();
    await stage.kubectl(['apply', '-k', 'examples/statefulset']);
    await stage.rolledOut();
    figure('StatefulSet, ready after', seconds(started));
    const replicas = await stage.replicas(3);
    await allEstablished(replicas);
    await traffic.start();

    await replicas[0]?.fill(entries);

    await allKeep(replicas);
  });

  it('scales to six and back without a reload', async () => {
    await change('scale 3 to 6', 6, () => scale(6));
    await change('scale 6 to 3', 3, () => scale(3));
  });

  it('restarts a pod, and all of them, without a reload', async () => {
    await change('deletion of haproxy-1', 3, () =>
      stage.kubectl(['delete', 'pod', 'haproxy-1', '--wait=true']),
    );
    await change('rollout restart', 3, () =>
      stage.kubectl(['rollout', 'restart', 'statefulset/haproxy']),
    );
  });

  it('survives the forced deletion of a pod without a reload', async () => {
    await change(
      'forced deletion of haproxy-0',
      3,
      () => stage.kubectl(['delete', 'pod', 'haproxy-0', '--grace-period=0', '--force']),
      { violent: true },
    );
  });
});
