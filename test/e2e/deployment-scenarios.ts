import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { onlyInAll, unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import {
  allEstablished,
  allKeep,
  entries,
  figure,
  type Outcome,
  play,
  type Scenario,
  seconds,
} from './scenario.ts';
import { Stage } from './stage.ts';
import { missingKeys, Traffic } from './traffic.ts';

/** In which mode, and what it is played with. */
export interface DeploymentExample {
  readonly title: string;
  readonly path: string;
  /** Most reloads of one replica, where reload mode needs as many. */
  readonly reloads: (inReloadMode: number) => number;
  /** Before the example is applied. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** The file with the secret of the replica, as its container of HAProxy or `container` sees it. */
  readonly secret: (replica: Replica) => Promise<string>;
  /** Why the scenarios that differ least between the modes are not played; undefined: they are. */
  readonly noTime?: string | undefined;
}

/** A Deployment that starts, is scaled, replaced, killed and drained, under traffic. */
export function deploymentScenarios({
  title,
  path,
  reloads,
  prepare,
  secret,
  noTime,
}: DeploymentExample) {
  describe(title, unless(noCluster), () => {
    const stage = new Stage();
    const traffic = new Traffic(stage.kubectl);
    let replicas: readonly Replica[] = [];

    beforeAll(() => stage.open());
    afterAll(() => stage.close());

    async function change(
      part: Pick<Scenario, 'what' | 'count' | 'reloads'> & Partial<Scenario>,
      act: () => Promise<unknown>,
    ): Promise<Outcome> {
      onTestFailed(async () => console.log(await stage.report()));
      const outcome = await play({
        stage,
        traffic,
        play: async () => {
          await act();
          await stage.rolledOut();
        },
        ...part,
      });
      replicas = outcome.replicas;
      return outcome;
    }
    const scale = (count: number) =>
      stage.kubectl(['scale', 'deployment/haproxy', `--replicas=${count}`]);
    const patch = (spec: unknown, target = 'deployment/haproxy') =>
      stage.kubectl(['patch', target, '--type=merge', '-p', JSON.stringify({ spec })]);
    const restart = () => stage.kubectl(['rollout', 'restart', 'deployment/haproxy']);

    it('starts under restricted pod security with traffic from the first second, and loses nothing of it', async () => {
      onTestFailed(async () => console.log(await stage.report()));
      await prepare?.(stage);
      await stage.kubectl(['apply', '-k', path]);
      await scale(0);
      await stage.replicas(0);
      await traffic.start();
      const started = Date.now();

      await scale(3);
      await stage.rolledOut();

      figure('first start of 3 replicas with traffic, ready after', seconds(started));
      replicas = await stage.replicas(3);
      await allEstablished(replicas);
      const { acked, statuses } = await traffic.account();
      expect(acked.length).toBeGreaterThan(0);
      expect(Object.keys(statuses)).toEqual(['200']);
      const missing = await missingKeys(replicas, acked);
      figure(
        'its answered keys missing on some replica, on all',
        `${missing.somewhere}, ${missing.everywhere}`,
      );
      expect(missing.everywhere).toBe(0);
      expect(missing.somewhere).toBeLessThanOrEqual(acked.length * 0.005);
      expect(await stage.restarts()).toBe(0);
    });

    it('shares the entries of one replica with all', async () => {
      const started = Date.now();

      await replicas[0]?.fill(entries);
      await allKeep(replicas);

      figure(`${entries} entries on every replica after`, seconds(started));
    });

    it('counts the requests of a session wherever they arrive', unless(noTime), async () => {
      const request = "curl -fsS 'http://127.0.0.1:8080/?session=visitor'";

      for (const [index, replica] of replicas.entries()) {
        await eventually(async () => ((await replica.counter('visitor')) ?? 0) === index);
        expect(await replica.shell(request)).toContain(`requests=${index + 1} `);
      }
    });

    it('keeps every entry when three replicas join', async () => {
      await change({ what: 'scale 3 to 6', count: 6, reloads: reloads(3) }, () => scale(6));
    });

    it('reloads nothing for four replicas that leave', async () => {
      await change({ what: 'scale 6 to 2', count: 2, reloads: 0 }, () => scale(2));
    });

    it('keeps every entry through a rollout restart', async () => {
      await change({ what: 'scale 2 to 3', count: 3, reloads: reloads(1) }, () => scale(3));
      await change({ what: 'rollout restart', count: 3, reloads: 0 }, restart);
    });

    it('keeps every entry when all are replaced at once', unless(noTime), async () => {
      await patch({ strategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } } });

      await change({ what: 'rollout restart, maxSurge 100 %', count: 3, reloads: 0 }, restart);
    });

    it('keeps every entry when each pod in turn is deleted by force', async () => {
      for (const [index, { pod }] of (await stage.present()).entries()) {
        const what = `forced deletion ${index + 1}`;
        await change({ what, count: 3, reloads: reloads(1), violent: true }, () =>
          stage.kubectl(['delete', 'pod', pod, '--grace-period=0', '--force']),
        );
      }
    });

    it(
      'keeps every entry when a drain evicts half of the replicas',
      unless(onlyInAll),
      async () => {
        await change({ what: 'scale 3 to 4', count: 4, reloads: reloads(1) }, () => scale(4));
        await patch({ maxUnavailable: 2 }, 'pdb/haproxy');
        const evicted = replicas.slice(0, 2).map(({ pod }) => pod);

        await change(
          { what: 'eviction of 2 of 4, as a drain does', count: 4, reloads: reloads(2) },
          () => Promise.all(evicted.map((pod) => stage.evict(pod))),
        );
        expect(replicas.filter(({ pod }) => evicted.includes(pod))).toEqual([]);
      },
    );

    it('takes a burst of replicas with few reloads', unless(noTime), async () => {
      await change({ what: 'burst to 12', count: 12, reloads: reloads(1) }, () => scale(12));
      await change({ what: 'scale 12 to 1', count: 1, reloads: 0 }, () => scale(1));
    });

    it('never restarted a container, logged an error or showed a secret', async () => {
      const secrets = await Promise.all(replicas.map(secret));

      await stage.collectLogs();

      expect(await stage.restarts()).toBe(0);
      const lines = [...stage.logs.values()].flatMap((text) => text.split('\n'));
      expect(lines.filter((line) => /"level":("error"|"fatal"|50|60)/.test(line))).toEqual([]);
      for (const secret of secrets) {
        expect(secret.trim().length).toBeGreaterThanOrEqual(24);
        expect(lines.filter((line) => line.includes(secret.trim()))).toEqual([]);
      }
    });
  });
}
