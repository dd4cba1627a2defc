import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { type DataplaneStand, startDataplane } from '../../rig/dataplane-stand.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy;
const missing =
  kubeApiserverMissing ?? missingOf({ HAProxy: haproxy, 'Data Plane API': programs.dataplaneV3 });

describe('run on a real API server', unless(missing), () => {
  const directory = suiteFolder();
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
      ...stand.sidecarFlags,
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

  async function eventsOf(namespace: string) {
    const { body } = await server.admin('GET', `/api/v1/namespaces/${namespace}/events`);
    return body.items;
  }

  it('writes an Event on the pod when a change is held too long', async () => {
    await server.createNamespace('held');
    await createPod(server, 'held', 'a', { ips: ['127.0.0.1'], labels: { app: 'else' } });
    await createPod(server, 'held', 'b', { ips: ['127.0.0.2'] });
    const { body: pod } = await server.admin('GET', '/api/v1/namespaces/held/pods/a');

    await run(server.kubeconfigPath, [
      '--namespace=held',
      '--selector=app=haproxy',
      '--waiting-limit=1s',
      '--reconcile-interval=200ms',
    ]);

    const [event] = await eventually(async () => {
      const events = await eventsOf('held');
      return events.length > 0 && events;
    });
    expect(event).toMatchObject({
      reason: 'ChangeWaiting',
      involvedObject: { kind: 'Pod', name: 'a', uid: pod.metadata.uid },
      message: expect.stringContaining('the members do not include this pod'),
    });
  });

  it('writes an Event when HAProxy refuses to reload, and raises its count', async () => {
    await server.createNamespace('refused');
    await createPod(server, 'refused', 'a', { ips: ['127.0.0.1'] });
    await run(server.kubeconfigPath, ['--namespace=refused', '--failure-backoff=100ms']);
    await eventually(
      () => program?.lines().some((line) => line.includes('"msg":"ready"')) ?? false,
    );
    // Somebody wrote a bind that passes the check, and that no worker can have.
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const text = stand.text().replace(/^frontend web *$/m, `$&\n  bind 127.0.0.1:${port}`);
    const { text: current } = await stand.human('GET', '/configuration/version');
    const query = `version=${current.trim()}&skip_reload=true`;
    await stand.human('POST', `/configuration/raw?${query}`, text);

    await createPod(server, 'refused', 'b', { ips: ['127.0.0.2'] });

    const [event] = await eventually(async () => {
      const events = await eventsOf('refused');
      return events.length > 0 && events;
    });
    taken.close();
    expect(event).toMatchObject({
      reason: 'ReloadRefused',
      type: 'Warning',
      message: expect.stringMatching(/^RELOAD_FAILED: .*cannot bind/s),
    });
    expect(JSON.stringify(event)).not.toContain(stand.password);
  });

  it('does not begin empty beside running replicas that --selector leaves out, and says so', async () => {
    await server.createNamespace('left-out');
    const replica = (name: string, hash: string, labels: Readonly<Record<string, string>>) =>
      createPod(server, 'left-out', name, {
        ips: ['127.0.0.1'],
        labels: { app: 'haproxy', 'pod-template-hash': hash, ...labels },
        owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `edge-${hash}` },
      });
    await replica('old', '5d9f', {});
    await replica('a', '7c4b', { team: 'edge' });
    const template = join(directory, 'left-out-template.cfg');
    writeFileSync(
      template,
      'defaults\n    mode http\n    timeout connect 5s\n    timeout client 5s\n    timeout server 5s\n',
    );
    const init = (selector: string) =>
      startProgram([
        ...['init', '--pod-name=a', '--pod-ip=127.0.0.1', '--namespace=left-out'],
        ...[`--selector=${selector}`, `--kubeconfig=${server.kubeconfigPath}`],
        ...[`--template=${template}`, `--haproxy-config=${join(directory, 'left-out.cfg')}`],
        `--dataplane-config=${join(directory, 'left-out.yml')}`,
        `--dataplane-password-file=${join(directory, 'left-out.password')}`,
        ...[`--admin-socket=${join(directory, 'left-out.sock')}`, `--haproxy-bin=${haproxy}`],
        ...['--peers-port=1', '--settle=0'],
      ]);

    program = init('team=edge');
    const events = await eventually(async () => {
      const found = await eventsOf('left-out');
      return found.length > 0 && found;
    });
    await eventually(
      () => program?.lines().some((line) => line.includes('no other peer could teach')) ?? false,
    );

    expect(events).toMatchObject([
      { reason: 'SiblingsLeftOut', type: 'Warning', message: expect.stringMatching(/: old$/) },
    ]);
    expect(program.lines().join()).toContain('SIBLINGS_LEFT_OUT');
    expect(existsSync(join(directory, 'left-out.cfg'))).toBe(false);

    // What an operator does: labels that both have.
    const mended = init('app=haproxy');
    expect((await mended.ended).exitCode).toBe(0);
    // Or the one that is left out goes.
    await deletePod(server, 'left-out', 'old');
    expect((await program.ended).exitCode).toBe(0);
  });

  it('writes an Event when init goes on although a sibling does not know this pod', async () => {
    await server.createNamespace('silent');
    await createPod(server, 'silent', 'a', { ips: ['127.0.0.1'] });
    await createPod(server, 'silent', 'b', { ips: ['127.0.0.1'] });
    // Takes the connection and says nothing: what a firewall that swallows packets looks like.
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const template = join(directory, 'template.cfg');
    writeFileSync(
      template,
      'defaults\n    mode http\n    timeout connect 5s\n    timeout client 5s\n    timeout server 5s\n',
    );

    program = startProgram([
      'init',
      '--pod-name=a',
      '--pod-ip=127.0.0.1',
      '--namespace=silent',
      '--selector=app=haproxy',
      `--kubeconfig=${server.kubeconfigPath}`,
      `--template=${template}`,
      `--haproxy-config=${join(directory, 'haproxy.cfg')}`,
      `--dataplane-config=${join(directory, 'dataplaneapi.yml')}`,
      `--dataplane-password-file=${join(directory, 'password')}`,
      `--admin-socket=${join(directory, 'admin.sock')}`,
      `--haproxy-bin=${haproxy}`,
      `--peers-port=${port}`,
      '--settle=0',
      '--silence-limit=100ms',
      '--join-timeout=2s',
    ]);
    const { exitCode } = await program.ended;
    mute.close();

    expect(exitCode).toBe(0);
    expect(await eventsOf('silent')).toMatchObject([
      {
        reason: 'JoinUnconfirmed',
        message:
          'b did not answer on the peers port: is it blocked by a NetworkPolicy, or has it TLS?',
      },
    ]);
  });
});
