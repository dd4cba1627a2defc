import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { allEstablished, allKeep, entries, type Outcome, play } from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

/** Most reloads of one replica in reload mode, one for each that joins and one more. */
const reloads = 4;

describe('a Deployment from one mode to the other on a real cluster', unless(noCluster), () => {
  const stage = new Stage();
  const traffic = new Traffic(stage.kubectl);
  let replicas: readonly Replica[] = [];

  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  async function change(what: string, act: () => Promise<unknown>): Promise<Outcome> {
    onTestFailed(async () => console.log(await stage.report()));
    const outcome = await play({
      ...{ stage, traffic, what, count: 3, reloads },
      async play() {
        await act();
        await stage.rolledOut();
      },
    });
    replicas = outcome.replicas;
    return outcome;
  }
  const apply = (path: string) => stage.kubectl(['apply', '-k', path]);
  /** The first new pod is ready beside two or three old ones. */
  const halfWay = () =>
    eventually(
      async () => {
        const args = ['get', 'deployment/haproxy', '-o', 'jsonpath={.status.updatedReplicas}'];
        return Number(await stage.kubectl(args)) >= 2;
      },
      { timeoutMs: 120_000, intervalMs: 500 },
    );

  it('starts in reload mode', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const key = `--from-literal=key=${randomBytes(32).toString('base64')}`;
    await stage.kubectl(['create', 'secret', 'generic', 'haproxy-peer-sync-relay', key]);
    await apply('examples/deployment');
    await stage.kubectl(['scale', 'deployment/haproxy', '--replicas=0']);
    await stage.replicas(0);
    await traffic.start();
    await stage.kubectl(['scale', 'deployment/haproxy', '--replicas=3']);
    await stage.rolledOut();
    replicas = await stage.replicas(3);
    await allEstablished(replicas);
    await replicas[0]?.fill(entries);
    await allKeep(replicas);
  });

  it('keeps every entry on the way to relay mode that is taken back in the middle', async () => {
    await change('to relay mode, taken back in the middle', async () => {
      await apply('examples/relay/upgrade');
      await halfWay();
      await apply('examples/deployment');
    });
  });

  it('keeps every entry on the way to relay mode', async () => {
    await change('reload mode to relay mode', () => apply('examples/relay/upgrade'));
  });

  it('keeps every entry when the port for the change is closed, and opened again', async () => {
    await change('without --relay-upgrade', () => apply('examples/relay'));
    await change('with --relay-upgrade', () => apply('examples/relay/upgrade'));
  });

  it('keeps every entry on the way back to reload mode', async () => {
    await change('relay mode to reload mode', () => apply('examples/deployment'));
  });

  it('never restarted a container or logged an error', async () => {
    await stage.collectLogs();
    expect(await stage.restarts()).toBe(0);
    const lines = [...stage.logs.values()].flatMap((text) => text.split('\n'));
    expect(lines.filter((line) => /"level":("error"|"fatal"|50|60)/.test(line))).toEqual([]);
  });
});
