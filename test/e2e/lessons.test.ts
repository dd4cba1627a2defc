import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { onlyInAll, unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import { allKeep, entries } from './scenario.ts';
import { putRelaySecret } from './snapshot-stage.ts';
import { Stage } from './stage.ts';

describe('examples/lessons on a real cluster', unless(noCluster ?? onlyInAll), () => {
  const stage = new Stage();
  const pods = 'app=haproxy';

  beforeAll(async () => {
    await stage.open();
    await putRelaySecret(stage);
    await stage.kubectl(['apply', '-k', 'examples/lessons']);
    await stage.rolledOut();
    await stage.settled();
  });
  afterAll(() => stage.close());

  it('compares the pairs of a scale-up, as its README says, and all hold every entry', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const [first] = await stage.replicas(3);
    if (first === undefined) throw new Error('no replicas');
    await first.fill(entries);
    await allKeep(await stage.replicas(3));

    await stage.kubectl(['scale', 'deployment/haproxy', '--replicas=4']);
    await stage.rolledOut();
    await stage.settled();

    await allKeep(await stage.replicas(4));
    await eventually(
      async () => {
        const log = await stage.kubectl([
          ...['logs', '-l', pods, '-c', 'haproxy-peer-sync', '--tail=-1'],
        ]);
        const lessons = log.split('\n').filter((line) => line.includes('lesson by difference'));
        // Each of the new pairs, in both directions.
        expect(lessons.length).toBeGreaterThanOrEqual(6);
      },
      { timeoutMs: 60_000, intervalMs: 2000 },
    );
  });
});
