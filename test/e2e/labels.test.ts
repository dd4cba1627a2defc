import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { z } from 'zod';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { allEstablished, allKeep, entries, figure, play, seconds } from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

const selector = '--selector=app=haproxy';
const statuses = z.array(
  z.object({
    status: z.object({
      startedAtMs: z.number(),
      ready: z.boolean(),
      members: z.object({ names: z.array(z.string()) }),
    }),
  }),
);

type Labels = Readonly<Record<string, string | null>>;

/** What a template change does to labels: one that names the application is among them, where no --selector is given. */
const changes: readonly (readonly [string, Labels, Labels])[] = [
  ['added', { team: 'edge' }, { team: 'edge', 'k8s-app': 'edge' }],
  ['changed', { team: 'web' }, { team: 'web', 'k8s-app': 'web' }],
  ['removed', { team: null }, { team: null, 'k8s-app': null }],
];

describe.each([
  ['as it is shipped', true],
  ['without --selector, and with no right but on pods', false],
])(
  'labels of the pod template on a real cluster: examples/deployment %s',
  unless(noCluster),
  (_, shipped) => {
    const stage = new Stage();
    const traffic = new Traffic(stage.kubectl);
    const title = shipped ? '--selector' : 'no --selector';
    let replicas: readonly Replica[] = [];

    beforeAll(() => stage.open());
    afterAll(() => stage.close());

    it('shares the entries of one replica with all', async () => {
      onTestFailed(async () => console.log(await stage.report()));
      const started = Date.now();
      const manifest = await stage.kubectl(['kustomize', 'examples/deployment']);
      expect(manifest.split(selector)).toHaveLength(3);
      const applied = shipped ? manifest : manifest.replaceAll(/ *- --selector=app=haproxy\n/g, '');
      expect(applied.includes(selector)).toBe(shipped);
      await stage.kubectl(['apply', '-f', '-'], applied);
      await stage.rolledOut();
      figure(`${title}: ready after`, seconds(started));
      replicas = await stage.replicas(3);
      await allEstablished(replicas);
      await traffic.start();

      await replicas[0]?.fill(entries);

      await allKeep(replicas);
    });

    // With --selector the change can take no other way: one is enough.
    it.each(shipped ? changes.slice(0, 1) : changes)(
      'keeps every entry when a label is %s',
      async (what, plain, application) => {
        onTestFailed(async () => console.log(await stage.report()));
        const labels = shipped ? plain : application;
        const patch = { spec: { template: { metadata: { labels } } } };

        const outcome = await play({
          ...{ stage, traffic, what: `${title}: template label ${what}`, count: 3, reloads: 0 },
          play: async () => {
            await stage.kubectl([
              ...['patch', 'deployment/haproxy', '--type=merge'],
              ...['-p', JSON.stringify(patch)],
            ]);
            await stage.rolledOut();
          },
        });

        expect(
          outcome.replicas.filter(({ pod }) => replicas.some((old) => old.pod === pod)),
        ).toEqual([]);
        replicas = outcome.replicas;
      },
    );

    it('keeps siblings and entries when somebody labels a pod by hand, and its sidecar starts again', async () => {
      onTestFailed(async () => console.log(await stage.report()));
      const pod = replicas[0]?.pod ?? '';
      const sidecar = ['exec', pod, '-c', 'haproxy-peer-sync', '--'];
      const told = async () => {
        const text = await stage.kubectl([...sidecar, 'haproxy-peer-sync', 'status', '--json']);
        return statuses.parse(JSON.parse(text))[0]?.status;
      };
      const before = await told();

      await play({
        ...{ stage, traffic, what: `${title}: a pod labelled by hand`, count: 3, reloads: 0 },
        play: async () => {
          await stage.kubectl([
            'label',
            'pod',
            pod,
            'team=by-hand',
            'k8s-app=debug',
            '--overwrite',
          ]);
          await stage.kubectl([...sidecar, 'node', '-e', 'process.kill(1)']);
          await eventually(
            async () => {
              const after = await told();
              expect(after?.startedAtMs).toBeGreaterThan(before?.startedAtMs ?? 0);
              expect(after?.ready).toBe(true);
              expect(after?.members.names).toEqual(replicas.map((each) => each.pod).sort());
            },
            { timeoutMs: 60_000, intervalMs: 500 },
          );
        },
      });
    });

    it('has nobody left out', async () => {
      const [first] = replicas;
      const command = ['-c', 'haproxy-peer-sync', '--', 'haproxy-peer-sync', 'doctor'];
      const text = await stage.kubectl(['exec', first?.pod ?? '', ...command]);

      expect(text).toMatch(/^ok +selector/m);
      expect(text).not.toMatch(/left-out|FAILURE/);
    });
  },
);
