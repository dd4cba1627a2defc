import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { unless } from '../helpers/skip.ts';
import { Flood } from './flood.ts';
import { noCluster } from './no-cluster.ts';
import { allKeep, entries, figure, play } from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

describe('a flood of port 8405 on a real cluster', unless(noCluster), () => {
  const stage = new Stage();
  const traffic = new Traffic(stage.kubectl);
  const flood = new Flood(stage);

  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  it('brings no sidecar down during a rollout, which keeps every entry', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    await stage.kubectl(['apply', '-k', 'examples/deployment']);
    await stage.kubectl(['scale', 'deployment/haproxy', '--replicas=0']);
    await stage.replicas(0);
    await traffic.start();
    await stage.kubectl(['scale', 'deployment/haproxy', '--replicas=3']);
    await stage.rolledOut();
    const replicas = await stage.replicas(3);
    await replicas[0]?.fill(entries);
    await allKeep(replicas);
    await flood.start();

    await play({
      stage,
      traffic,
      what: 'rollout restart of 3 while port 8405 is flooded',
      count: 3,
      reloads: 0,
      async play() {
        await stage.kubectl(['rollout', 'restart', 'deployment/haproxy']);
        await stage.rolledOut();
      },
    });

    const { connections, bytes } = await flood.stop();
    figure('sent meanwhile', `${connections} connections, ${Math.round(bytes / 1e6)} MB`);
    expect(connections).toBeGreaterThan(1000);
    expect(await stage.restarts()).toBe(0);
  });
});
