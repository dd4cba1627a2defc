import { hello } from '../../src/haproxy/hello.ts';
import { reloadOverMaster } from '../../src/haproxy/master.ts';
import { eventually } from '../helpers/eventually.ts';
import { startKubeApiserver } from '../helpers/kube-apiserver.ts';
import { createPod, patchPodStatus } from '../helpers/kube-pods.ts';
import { freePort } from '../helpers/ports.ts';
import { programs } from '../helpers/programs.ts';
import { startProgram } from '../helpers/run-cli.ts';
import { startDataplane } from '../rig/dataplane-stand.ts';

/** From the moment the API server shows a pod's IP to the moment a running sibling accepts its name. */
const rounds = 10;
const haproxy = programs.haproxy34 ?? programs.haproxy;
if (haproxy === undefined || programs.dataplaneV3 === undefined) {
  console.error('HAProxy or the Data Plane API is missing: see docs/contributing.md.');
  process.exit(1);
}

function spread(name: string, times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  console.log(
    `${name}: median ${median.toFixed(0)} ms, worst ${(sorted.at(-1) ?? 0).toFixed(0)} ms`,
  );
  return median;
}

const server = await startKubeApiserver();
await server.createNamespace('edge');
await createPod(server, 'edge', 'a', { ips: ['127.0.0.1'] });
const stand = await startDataplane({ haproxy, dataplane: programs.dataplaneV3, version: 'v3' });
const sidecar = startProgram([
  'run',
  '--pod-name=a',
  '--pod-ip=127.0.0.1',
  '--namespace=edge',
  '--selector=app=haproxy',
  `--kubeconfig=${server.kubeconfigPath}`,
  ...stand.sidecarFlags,
  `--listen=127.0.0.1:${await freePort()}`,
]);
const signal = new AbortController().signal;
const ready = () => sidecar.lines().some((line) => line.includes('"msg":"ready"'));
try {
  await eventually(ready, { timeoutMs: 30_000 });
  const accepted: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const ownName = `web-${round}`;
    await createPod(server, 'edge', ownName, { phase: 'Pending' });
    const startedAt = performance.now();
    await patchPodStatus(server, 'edge', ownName, [`127.0.0.${round + 1}`], 'Pending');
    await eventually(
      async () => {
        const who = { siblingName: 'a', ownName, timeoutMs: 1000, signal };
        return (await hello({ ...who, address: '127.0.0.1', port: stand.peersPort })) === 'known';
      },
      { timeoutMs: 60_000, intervalMs: 20 },
    );
    accepted.push(performance.now() - startedAt);
    // The next one comes when this change is over: a burst is another measurement.
    await eventually(() => (sidecar.lines().at(-1) ?? '').includes('in step'), {
      timeoutMs: 30_000,
    });
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
  const reloads: number[] = [];
  for (let round = 0; round < 5; round++) {
    const startedAt = performance.now();
    await reloadOverMaster(stand.masterSocket);
    reloads.push(performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  const ours = spread(
    `pod IP in the API to accepted by a running sibling, ${rounds} pods`,
    accepted,
  );
  const baseline = spread('baseline, a bare reload of the same HAProxy', reloads);
  console.log(`ratio ${(ours / baseline).toFixed(1)}`);
} finally {
  sidecar.kill('SIGTERM');
  await sidecar.ended;
  await stand.stop();
  await server.stop();
}
