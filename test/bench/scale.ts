import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../helpers/eventually.ts';
import { startKubeApiserver } from '../helpers/kube-apiserver.ts';
import { createPod } from '../helpers/kube-pods.ts';
import { freePort } from '../helpers/ports.ts';
import { programs } from '../helpers/programs.ts';
import { startDataplane } from '../rig/dataplane-stand.ts';
import { imageEnvironment, imageFlags } from './image.ts';
import { cpuMsOf, memoryMiB } from './process.ts';

/**
 * One real replica among N siblings, whose pods are in a real API server and whose addresses refuse: what the sidecar
 * of the image costs at rest and when one more joins. The baseline of the same run is the same with 3 members.
 */
const seconds = Number(process.argv[2] ?? 90);
const haproxy = programs.haproxy34 ?? programs.haproxy30;
if (haproxy === undefined || programs.dataplaneV3 === undefined) {
  console.error('HAProxy 3 or the Data Plane API is missing: see docs/contributing.md.');
  process.exit(1);
}
if (!existsSync('dist/main.js')) spawnSync(process.execPath, ['test/tools/build.ts']);

interface Row {
  readonly members: number;
  readonly 'first section, ms': number;
  readonly 'calls with reads, all at once': number;
  readonly 'one joins, ms': number;
  readonly 'calls with reads, one joins': number;
  readonly 'CPU at rest, %': number;
  readonly 'calls at rest, per minute': number;
  readonly 'reloads at rest': number;
  readonly 'RSS, MiB': number;
  readonly 'RSS peak, MiB': number;
}

async function measure(members: number): Promise<Row> {
  const server = await startKubeApiserver();
  const namespace = 'edge';
  await server.createNamespace(namespace);
  const stand = await startDataplane({
    haproxy: haproxy ?? '',
    dataplane: programs.dataplaneV3 ?? '',
    version: 'v3',
  });
  const address = (index: number) => `127.1.${index >> 8}.${index & 255}`;
  const port = await freePort();
  try {
    await createPod(server, namespace, 'a', { ips: ['127.0.0.1'] });
    for (let index = 1; index < members; index += 20) {
      const some = Array.from({ length: Math.min(20, members - index) }, (_, at) => index + at);
      await Promise.all(
        some.map((each) => createPod(server, namespace, `web-${each}`, { ips: [address(each)] })),
      );
    }
    const child = spawn(
      process.execPath,
      [
        ...imageFlags,
        'dist/main.js',
        'run',
        '--pod-name=a',
        '--pod-ip=127.0.0.1',
        `--namespace=${namespace}`,
        '--selector=app=haproxy',
        `--kubeconfig=${server.kubeconfigPath}`,
        ...stand.sidecarFlags,
        `--listen=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore', env: imageEnvironment },
    );
    const pid = child.pid ?? 0;
    const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const value = (text: string, name: string) => {
      const lines = [
        ...text.matchAll(new RegExp(`^haproxy_peer_sync_${name}(?:\\{.*\\})? (\\S+)$`, 'gm')),
      ];
      return lines.reduce((sum, [, number]) => sum + Number(number), 0);
    };
    const inStep = (count: number) =>
      eventually(async () => value(await metrics(), 'peers_entries') === count, {
        timeoutMs: 60_000,
        intervalMs: 20,
      });
    try {
      const startedAt = performance.now();
      await inStep(members);
      const first = performance.now() - startedAt;
      const afterFirst = value(await metrics(), 'dataplane_calls_total');
      await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, {
        timeoutMs: 60_000,
      });
      // Not the wait between two reloads is measured.
      await sleep(3000);
      const beforeJoin = value(await metrics(), 'dataplane_calls_total');
      const joinedAt = performance.now();
      await createPod(server, namespace, 'one-more', { ips: ['127.2.0.1'] });
      await inStep(members + 1);
      const joined = performance.now() - joinedAt;
      const afterJoin = value(await metrics(), 'dataplane_calls_total');
      await sleep(5000);
      const before = await metrics();
      const cpu = cpuMsOf(pid) / 1000;
      await sleep(seconds * 1000);
      const used = cpuMsOf(pid) / 1000 - cpu;
      const rss = memoryMiB(pid, 'VmRSS');
      const after = await metrics();
      const atRest = (name: string) => value(after, name) - value(before, name);
      return {
        members,
        'first section, ms': Math.round(first),
        'calls with reads, all at once': afterFirst,
        'one joins, ms': Math.round(joined),
        'calls with reads, one joins': afterJoin - beforeJoin,
        'CPU at rest, %': Number(((100 * used) / seconds).toFixed(2)),
        'calls at rest, per minute': Number(
          ((60 * atRest('dataplane_calls_total')) / seconds).toFixed(1),
        ),
        'reloads at rest': atRest('reloads_total'),
        'RSS, MiB': rss,
        'RSS peak, MiB': memoryMiB(pid, 'VmHWM'),
      };
    } finally {
      child.kill('SIGKILL');
    }
  } finally {
    await stand.stop();
    await server.stop();
  }
}

const rows: Row[] = [];
for (const members of [3, 1000]) {
  console.log(`${members} members: ${seconds} s at rest`);
  rows.push(await measure(members));
}
console.table(rows);
const [few, many] = rows;
if (few !== undefined && many !== undefined) {
  console.log(
    `memory of 1,000 members against 3: ratio ${(many['RSS, MiB'] / few['RSS, MiB']).toFixed(2)}`,
  );
}
process.exit(0);
