import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DataplaneStand, startDataplane } from '../../helpers/dataplane.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { createPod, deletePod } from '../../helpers/kube-pods.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { type RunningProgram, startProgram } from '../../helpers/run-cli.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy;
const missing =
  kubeApiserverMissing ??
  (haproxy === undefined
    ? 'no HAProxy'
    : programs.dataplaneV3 === undefined
      ? 'no Data Plane API'
      : undefined);

describe.skipIf(missing !== undefined)(
  missing === undefined
    ? 'run on a real API server'
    : `run on a real API server (skipped: ${missing})`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'hps-kube-'));
    let server: KubeApiserver;
    let stand: DataplaneStand;
    let program: RunningProgram | undefined;

    beforeAll(async () => {
      server = await startKubeApiserver();
      await server.createNamespace('edge');
    }, kubeApiserverTimeoutMs);
    afterEach(async () => {
      program?.kill('SIGKILL');
      await program?.ended;
      await stand?.stop();
    });
    afterAll(async () => {
      await server?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    async function run(kubeconfig: string, flags: readonly string[] = []): Promise<RunningProgram> {
      stand = await startDataplane({
        haproxy: haproxy ?? '',
        dataplane: programs.dataplaneV3 ?? '',
        version: 'v3',
      });
      const labels = join(directory, 'labels');
      writeFileSync(labels, 'app="haproxy"\npod-template-hash="5d9f"\n');
      program = startProgram([
        'run',
        '--pod-name=a',
        '--pod-ip=127.0.0.1',
        '--namespace=edge',
        `--labels-file=${labels}`,
        `--kubeconfig=${kubeconfig}`,
        `--config-file=${stand.configFile}`,
        `--admin-socket=${stand.adminSocket}`,
        `--master-socket=${stand.masterSocket}`,
        `--dataplane-url=${stand.address}`,
        `--password-file=${stand.passwordFile}`,
        `--listen=127.0.0.1:${await freePort()}`,
        ...flags,
      ]);
      return program;
    }

    it('follows the pods, through a restart of the API server', async () => {
      await createPod(server, 'edge', 'a', { ips: ['127.0.0.1'] });
      await createPod(server, 'edge', 'other', { ips: ['127.0.0.9'], labels: { app: 'other' } });
      await run(server.kubeconfigPath, ['--removal-delay=0']);
      await eventually(
        () => program?.lines().some((line) => line.includes('"msg":"ready"')) ?? false,
      );
      await createPod(server, 'edge', 'b', { ips: ['127.0.0.2'] });
      await eventually(async () => (await stand.runningNames()).join() === 'a,b');

      await server.restart();
      await createPod(server, 'edge', 'c', { ips: ['127.0.0.3'] });
      await eventually(async () => (await stand.runningNames()).join() === 'a,b,c', {
        timeoutMs: 60_000,
      });
      await deletePod(server, 'edge', 'b');
      await eventually(async () => (await stand.runningNames()).join() === 'a,c');
    });

    it('names the rule that is missing, and goes on once it is there', async () => {
      await server.createServiceAccount('edge', 'late');
      const token = await server.createServiceAccountToken('edge', 'late');
      await run(await server.writeKubeconfig('late', { token }));
      await eventually(
        () => program?.lines().some((line) => line.includes('KUBERNETES_FORBIDDEN')) ?? false,
      );
      expect(program?.lines().join('\n')).toContain('verbs: [\\"get\\", \\"list\\", \\"watch\\"]');

      await server.allowPods('edge', 'late');

      await eventually(async () => (await stand.runningNames()).includes('c'), {
        timeoutMs: 60_000,
      });
    });
  },
);
