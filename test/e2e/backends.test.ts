import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../helpers/eventually.ts';
import { onlyInAll, unless } from '../helpers/skip.ts';
import { suiteFolder } from '../helpers/test-folder.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { figure, seconds } from './scenario.ts';
import { putRelaySecret } from './snapshot-stage.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

const here = process.cwd();
const ask = (command: string) => `echo '${command}' | socat - /var/run/haproxy/admin.sock`;

/** Names and ids of the servers that get requests, sorted. */
async function inUse(replica: Replica): Promise<readonly string[]> {
  const text = await replica.shell(ask('show servers state be_app'));
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter((words) => words.length > 10 && words[1] === 'be_app' && words[6] === '0')
    .map(([, , id, name]) => `${name} ${id}`)
    .sort();
}

async function workers(replicas: readonly Replica[]): Promise<readonly string[]> {
  return await Promise.all(
    replicas.map(async (each) => /^Pid: \d+$/m.exec(await each.shell(ask('show info')))?.[0] ?? ''),
  );
}

/** The example in relay mode: a component more. */
function inRelayMode(folder: string): string {
  const from = (path: string) => relative(folder, join(here, path));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [from('examples/backends')],
    components: [from('examples/relay/component')],
  };
  writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization));
  return folder;
}

for (const mode of ['relay', 'reload'] as const) {
  const rare = mode === 'relay' ? undefined : onlyInAll;
  describe(`examples/backends in ${mode} mode on a real cluster`, unless(noCluster ?? rare), () => {
    const stage = new Stage();
    const traffic = new Traffic(stage.kubectl, 200, '/app?request=');
    const overlay = suiteFolder();
    let replicas: readonly Replica[];
    let before: readonly string[];

    beforeAll(async () => {
      await stage.open();
      await putRelaySecret(stage);
      const folder = mode === 'relay' ? inRelayMode(overlay) : 'examples/backends';
      await stage.kubectl(['apply', '-k', folder]);
      await stage.rolledOut('deployment/app');
      await stage.rolledOut();
      await stage.settled();
      replicas = await stage.replicas(3);
      before = await workers(replicas);
      await traffic.start();
    });
    afterAll(() => stage.close());

    async function play(what: string, count: number, change: () => Promise<unknown>) {
      onTestFailed(async () => console.log(await stage.report()));
      await traffic.account();
      const started = Date.now();
      await change();
      await stage.rolledOut('deployment/app');
      const names = async () => {
        const text = await stage.kubectl(['get', 'pods', '-l', 'app=app', '-o', 'name']);
        return text.trim().split('\n').length;
      };
      await eventually(async () => (await names()) === count, { timeoutMs: 60_000 });
      await eventually(
        async () => {
          const all = await Promise.all(replicas.map(inUse));
          if (all.some((one) => one.length !== count)) throw new Error(JSON.stringify(all));
          // The same pod is the same server everywhere.
          expect(new Set(all.map((one) => one.join())).size).toBe(1);
          return true;
        },
        { timeoutMs: 30_000 },
      );
      const { acked, statuses, errors, retried } = await traffic.account();
      figure(
        `${what} in ${mode} mode`,
        `${seconds(started)}; ${acked.length} requests answered, ${errors.length} connection errors, ${retried} sent again; ${JSON.stringify(statuses)}`,
      );
      expect(acked.length).toBeGreaterThan(0);
      expect(Object.keys(statuses)).toEqual(['200']);
      expect(errors).toEqual([]);
      expect(await workers(replicas)).toEqual(before);
    }

    it('has the endpoints as servers, and follows them from 3 to 12 and back without a reload', async () => {
      await play('3 to 12 endpoints', 12, () =>
        stage.kubectl(['scale', 'deployment/app', '--replicas=12']),
      );
      await play('12 to 3 endpoints', 3, () =>
        stage.kubectl(['scale', 'deployment/app', '--replicas=3']),
      );
    });

    it('fails no request while the application is rolled', async () => {
      await play('a rolling update of the application', 3, () =>
        stage.kubectl(['rollout', 'restart', 'deployment/app']),
      );
    });
  });
}
