import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { helmBin, noHelm } from '../helpers/helm.ts';
import { noSea, seaNode } from '../helpers/sea.ts';
import { unless } from '../helpers/skip.ts';
import { suiteFolder } from '../helpers/test-folder.ts';
import { buildPlugin, pluginFile } from '../tools/release/plugin.ts';
import { noCluster } from './no-cluster.ts';
import { Replica } from './replica.ts';
import { figure, seconds } from './scenario.ts';
import { Stage } from './stage.ts';

const run = promisify(execFile);

/** The single executable, or the same program with the Node of this test. */
function makePlugin(output: string): void {
  if (noSea === undefined) {
    buildPlugin(output, seaNode);
    return;
  }
  const bundle = `${output}.js`;
  const tool = ['test/tools/build.ts', bundle, 'src/kubectl-plugin.ts'];
  execFileSync(process.execPath, tool, { stdio: 'inherit' });
  writeFileSync(output, `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`);
  chmodSync(output, 0o755);
}

const selector = 'app.kubernetes.io/instance=haproxy,app.kubernetes.io/name=haproxy';
const local = ['repository=haproxy-peer-sync', 'tag=dev'].flatMap((each) => [
  '--set',
  `peerSync.image.${each}`,
]);

describe('the chart haproxy on a real cluster', unless(noCluster ?? noHelm), () => {
  const stage = new Stage();
  const folder = suiteFolder();
  const flags = () => ['--namespace', stage.namespace];
  let chart = 'charts/haproxy';

  /** A cluster that was built for tests may tell no version, and Helm then refuses every chart that wants one. */
  async function withoutVersion(): Promise<string> {
    const server = await stage.kubectl(['get', '--raw', '/version']);
    if (/"gitVersion": *"v[1-9]/.test(server)) return chart;
    cpSync('charts', join(folder, 'charts'), { recursive: true, verbatimSymlinks: true });
    const copy = join(folder, chart);
    for (const file of ['haproxy', 'haproxy-peer-sync']) {
      const path = join(folder, 'charts', file, 'Chart.yaml');
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^kubeVersion: .*\n/m, ''));
    }
    return copy;
  }

  /** Standard output of `kubectl haproxy-peers ARGS`, with the plugin of this working tree. */
  async function plugin(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const { stdout } = await run('kubectl', ['haproxy-peers', ...args, ...flags()], { env });
    return stdout;
  }

  async function replicas(): Promise<readonly Replica[]> {
    const names = await stage.kubectl(['get', 'pods', '-l', selector, '-o', 'name']);
    return names
      .trim()
      .split('\n')
      .map((name) => new Replica(name.replace('pod/', ''), stage.kubectl));
  }

  async function allConnected(): Promise<void> {
    await stage.kubectl(['rollout', 'status', 'deployment/haproxy', '--timeout=120s']);
    await eventually(async () => (await replicas()).length === 3, { timeoutMs: 60_000 });
    for (const replica of await replicas()) {
      await eventually(async () => (await replica.established()).length === 2, {
        timeoutMs: 30_000,
      });
    }
  }

  beforeAll(async () => {
    await stage.open('restricted');
    chart = await withoutVersion();
    makePlugin(join(folder, pluginFile));
  });
  afterAll(() => stage.close());

  it('is installed, and its replicas find each other', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const started = Date.now();

    const { stdout } = await run(helmBin, ['install', 'haproxy', chart, ...flags(), ...local]);

    expect(stdout).toContain('3 replicas of HAProxy share their stick tables');
    await allConnected();
    figure('helm install, all peers connected after', seconds(started));
  });

  it('keeps the tables when an upgrade brings another haproxy.cfg', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const [first] = await replicas();
    await first?.shell("curl -fsS 'http://127.0.0.1:8080/?session=visitor'");
    const before = (await replicas()).map(({ pod }) => pod);
    const template = join(folder, 'haproxy.cfg');
    const config = readFileSync('examples/deployment/haproxy.cfg', 'utf8');
    writeFileSync(template, config.replace('timeout connect 5s', 'timeout connect 6s'));

    await run(helmBin, [
      ...['upgrade', 'haproxy', chart, ...flags(), ...local],
      ...['--set-file', `template=${template}`],
    ]);

    await allConnected();
    const after = await replicas();
    expect(after.filter(({ pod }) => before.includes(pod))).toEqual([]);
    for (const replica of after) {
      await eventually(async () => (await replica.counter('visitor')) === 1);
    }
  });

  it('is what the plugin of kubectl shows, from outside and from within', async () => {
    const pods = (await replicas()).map(({ pod }) => pod);

    const status = await plugin('status', '-l', selector);
    const doctor = await plugin('doctor', 'deployment/haproxy');

    for (const pod of pods) expect(status).toContain(pod);
    expect(doctor).toMatch(/^ok +selector/m);
    expect(doctor).not.toContain('FAILURE');
  });

  it('leaves nothing of its own when it is uninstalled', async () => {
    await run(helmBin, ['uninstall', 'haproxy', ...flags(), '--wait']);

    const kinds = 'deployments,services,configmaps,serviceaccounts,roles,rolebindings,pdb';
    const left = await stage.kubectl(['get', kinds, '-l', selector, '-o', 'name']);
    expect(left).toBe('');
  });
});
