import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { createPod, deletePod } from '../../helpers/kube-pods.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { freePorts } from '../../rig/ports.ts';
import { raise } from '../../rig/raise.ts';
import { createReplica, type Replica } from '../../rig/replica.ts';
import { fileRoll } from '../../rig/roll.ts';
import { fillTable } from '../../rig/table.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;

async function status(...flags: readonly string[]) {
  const { exitCode, text } = await startProgram(['status', ...flags]).ended;
  return { exitCode, text };
}

describe('status without a sidecar', () => {
  it('says that nobody answers, and where it is of use', async () => {
    const { exitCode, text } = await status(`--listen=127.0.0.1:${await freePort()}`);

    expect(exitCode).toBe(1);
    expect(text).toContain('--pod NAME or --all');
  });

  it('says what --all lacks', async () => {
    const { exitCode, text } = await startProgram(
      ['status', '--all', '--labels-file=/nowhere', '--kubeconfig=/nowhere'],
      {},
    ).ended;

    expect(exitCode).not.toBe(0);
    expect(text).toMatch(/kubeconfig|--selector/);
  });
});

describe('status --all and a real API server', unless(kubeApiserverMissing), () => {
  let server: KubeApiserver;
  beforeAll(async () => {
    server = await startKubeApiserver();
    await server.createNamespace('edge');
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  it('knows the pods that need not answer', async () => {
    await createPod(server, 'edge', 'ended', { ips: ['192.0.2.1'], phase: 'Failed' });
    await createPod(server, 'edge', 'leaving', { ips: ['192.0.2.2'], bound: true });
    await deletePod(server, 'edge', 'leaving', 60);
    await createPod(server, 'edge', 'waiting', { phase: 'Pending' });

    const flags = ['--all', '-l', 'app=haproxy', '-n', 'edge'];
    const { exitCode, text } = await status(...flags, `--kubeconfig=${server.kubeconfigPath}`);

    expect(text).toMatch(/^ended +ended .*has ended/m);
    expect(text).toMatch(/^leaving +leaving .*is being deleted/m);
    expect(text).toMatch(/^waiting +\? .*does not answer/m);
    expect(text).toContain('1 replica, 0 ready, 1 leaving, 1 without an answer');
    expect(exitCode).toBe(1);
  });
});

describe('status of a real replica', unless(missingOf({ HAProxy: haproxy })), () => {
  const directory = suiteFolder();
  let replica: Replica;
  // The status is asked on 127.0.0.1, so the replica is there.
  beforeAll(async () => {
    const roll = fileRoll(directory);
    const ports = await freePorts('127.0.0.1');
    replica = createReplica(
      {
        haproxy: haproxy ?? '',
        dataplane: null,
        directory,
        sourceFlags: roll.sourceFlags,
        ports,
      },
      'web-1',
      '127.0.0.1',
    );
    await roll.join(replica);
    await raise(replica);
    await fillTable(replica, 300);
  }, 60_000);
  afterAll(async () => {
    await replica.kill();
  });

  it('shows peers, tables and what HAProxy says', async () => {
    const { exitCode, text } = await status(`--listen=:${replica.ports.probe}`);

    expect(text).toMatch(/^web-1 {2}127\.0\.0\.1 {2}ready$/m);
    expect(text).toMatch(/haproxy +\d\.\d+\.\d+\S*, 0 reloads; nobody taught it/);
    expect(text).toMatch(/sessions +300 entries of 2,097,152/);
    expect(exitCode).toBe(0);
  });

  it('gives the same as JSON', async () => {
    const { text } = await status(`--listen=:${replica.ports.probe}`, '--json');
    const [found] = JSON.parse(text);

    expect(found.status).toMatchObject({ name: 'web-1', ready: true, resync: 'alone' });
  });
});
