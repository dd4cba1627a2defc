import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { Split, whyNoSplit } from './split.ts';
import { Stage } from './stage.ts';

const entries = 1000;

describe('status --all on a real cluster', unless(noCluster ?? whyNoSplit()), () => {
  const stage = new Stage();
  const split = new Split();
  let replicas: readonly Replica[] = [];

  beforeAll(async () => {
    await stage.open();
    await stage.kubectl(['apply', '-k', 'examples/deployment']);
    await stage.rolledOut();
    replicas = await stage.replicas(3);
    await eventually(
      async () =>
        (await Promise.all(replicas.map((each) => each.established()))).every(
          ({ length }) => length === 2,
        ),
      { timeoutMs: 60_000, intervalMs: 500 },
    );
  });
  afterAll(async () => {
    split.open();
    await stage.close();
  });

  const inPod = (pod: string, ...flags: readonly string[]) => {
    const program = ['haproxy-peer-sync', 'status', '--all', ...flags];
    return stage.kubectl(['exec', pod, '-c', 'haproxy-peer-sync', '--', ...program]);
  };

  async function fill(replica: Replica, prefix: string): Promise<void> {
    for (let from = 0; from < entries; from += 200) {
      const commands = Array.from(
        { length: 200 },
        (_, index) => `set table sessions key ${prefix}-${from + index} data.gpc0 1`,
      );
      await replica.shell(
        `echo '${commands.join(';')}' | socat -t 10 - /var/run/haproxy/admin.sock >/dev/null`,
      );
    }
  }

  it('is a line for each replica, from a pod and from a workstation', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const text = await inPod(replicas[0]?.pod ?? '');

    expect(text).toMatch(/^REPLICA +READY +PEERS +sessions +BEHIND +RELOADS +WAITS FOR$/m);
    for (const { pod } of replicas) expect(text).toMatch(new RegExp(`^${pod} +yes +2/2 `, 'm'));
    expect(text).toContain('3 replicas, 3 ready');

    const context = spawnSync('kubectl', ['config', 'current-context'], { encoding: 'utf8' });
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        ...['src/main.ts', 'status', '--all', '-o', 'json', '-l', 'app=haproxy'],
        ...['-n', stage.namespace, '--context', context.stdout.trim()],
      ],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).map(({ name }: { name: string }) => name)).toEqual(
      replicas.map(({ pod }) => pod).toSorted(),
    );
  });

  it('shows, while the network is split, that replicas with as many entries hold others', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const [alone, second, third] = replicas as [Replica, Replica, Replica];
    const path = 'jsonpath={.status.podIP}';
    split.close([await stage.kubectl(['get', 'pod', alone.pod, '-o', path])], [3000]);
    await eventually(async () => (await alone.established()).length === 0, {
      timeoutMs: 60_000,
      intervalMs: 500,
    });
    await Promise.all([fill(alone, 'a'), fill(second, 'b')]);
    await eventually(async () => (await third.entries()) === entries, { timeoutMs: 30_000 });

    const text = await inPod(second.pod);

    expect(text).toMatch(new RegExp(`^${alone.pod} +yes +0/2 +1,000 +~1,000 `, 'm'));
    expect(text).toMatch(/lacks about 1,000 entries of sessions that .* holds/);

    split.open();
    // Each pair has a session of its own, and they do not come back in the same moment.
    for (const each of replicas)
      await eventually(
        async () =>
          (await each.entries()) === 2 * entries && (await each.established()).length === 2,
        { timeoutMs: 60_000, intervalMs: 500 },
      );
    const healed = await inPod(second.pod);
    expect(healed).not.toContain('lacks');
    expect(healed).toMatch(new RegExp(`^${alone.pod} +yes +2/2 +2,000 +- `, 'm'));
  });
});
