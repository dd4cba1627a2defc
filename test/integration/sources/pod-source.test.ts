import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectWith } from '../../../src/kubernetes/connection.ts';
import {
  createPodSource,
  type PodSourceOptions,
} from '../../../src/sources/kubernetes/pod-source.ts';
import type { Source } from '../../../src/sources/source.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { createPod, deletePod, patchPodStatus } from '../../helpers/kube-pods.ts';
import { unless } from '../../helpers/skip.ts';

describe('pod source on a real API server', unless(kubeApiserverMissing), () => {
  let server: KubeApiserver;
  let namespace = '';
  let tests = 0;
  let controller: AbortController;
  const running: Source[] = [];

  beforeAll(async () => {
    server = await startKubeApiserver();
  }, kubeApiserverTimeoutMs);
  afterAll(() => server?.stop());

  beforeEach(async () => {
    tests += 1;
    namespace = `ns-${tests}`;
    controller = new AbortController();
    await server.createNamespace(namespace);
  });
  afterEach(async () => {
    controller.abort();
    await Promise.all(running.splice(0).map((source) => source.stopped()));
  });

  function start(options: Partial<PodSourceOptions> = {}) {
    const { log, lines } = capturedLog();
    const source = createPodSource({
      namespace,
      siblings: 'app=haproxy',
      self: { name: 'own', address: '10.0.0.1' },
      log,
      kubeConfig: server.kubeconfigPath,
      backoff: { baseMs: 50, capMs: 500 },
      ...options,
    });
    source.start(controller.signal);
    running.push(source);
    return { source, lines };
  }

  async function seen(source: Source, ...expected: readonly string[]): Promise<void> {
    await eventually(() => {
      const { synced, members } = source.snapshot();
      expect(synced).toBe(true);
      expect(members.map(({ name, address }) => `${name}=${address}`)).toEqual(expected);
    });
  }

  it('says when the selector matches nothing', async () => {
    const { source } = start({ siblings: 'app=none' });

    await seen(source);

    expect(source.snapshot().notes.join()).toContain('matches no pod, not even this one');
  });

  it('takes a pod as soon as it has an address, and notes it before', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    await createPod(server, namespace, 'young', { phase: 'Pending' });
    const { source } = start();
    await seen(source, 'own=10.0.0.1');

    const before = source.snapshot().notes;
    await patchPodStatus(server, namespace, 'young', ['10.0.0.2'], 'Pending');

    expect(before).toEqual(['young has no address yet']);
    await seen(source, 'own=10.0.0.1', 'young=10.0.0.2');
    expect(source.snapshot().notes).toEqual([]);
  });

  it('leaves out what has finished', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    await createPod(server, namespace, 'done', { ips: ['10.0.0.2'] });
    const { source } = start();
    await seen(source, 'done=10.0.0.2', 'own=10.0.0.1');

    await patchPodStatus(server, namespace, 'done', ['10.0.0.2'], 'Failed');

    await seen(source, 'own=10.0.0.1');
  });

  it('keeps a terminating pod until it is gone', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    await createPod(server, namespace, 'old', { ips: ['10.0.0.2'], bound: true });
    const { source } = start();
    await seen(source, 'old=10.0.0.2', 'own=10.0.0.1');

    await deletePod(server, namespace, 'old', 30);
    await eventually(() => source.snapshot().members[0]?.terminating ?? false);

    expect(source.snapshot().members[0]?.name).toBe('old');
    await deletePod(server, namespace, 'old', 0);
    await seen(source, 'own=10.0.0.1');
  });

  it('takes the address of our own family from a dual-stack pod', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1', 'fd00::1'] });
    await createPod(server, namespace, 'dual', { ips: ['10.0.0.2', 'fd00::2'] });
    await createPod(server, namespace, 'four', { ips: ['10.0.0.3'] });
    const { source } = start({ self: { name: 'own', address: 'fd00::1' } });

    await seen(source, 'dual=fd00::2', 'own=fd00::1');

    expect(source.snapshot().notes).toEqual(['four has no IPv6 address']);
  });

  it('takes the address of its host for a hostNetwork pod, and long and dotted names', async () => {
    const long = `${'a'.repeat(31)}.${'b'.repeat(31)}`;
    await createPod(server, namespace, long, { ips: ['192.168.1.5'] });
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    const { source } = start();

    await seen(source, `${long}=192.168.1.5`, 'own=10.0.0.1');
  });

  it('names the rule when RBAC is missing, once, and goes on when it arrives late', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    const token = await server.createServiceAccountToken(namespace, 'sidecar');
    const kubeConfig = await server.writeKubeconfig(`rbac-${namespace}`, { token });
    const { source, lines } = start({ kubeConfig });
    await eventually(() =>
      expect(lines.filter(({ code }) => code === 'KUBERNETES_FORBIDDEN').length).toBeGreaterThan(2),
    );

    const before = source.snapshot();
    await server.allowPods(namespace, 'sidecar', ['list']);
    await seen(source, 'own=10.0.0.1');
    await eventually(() =>
      expect(source.snapshot().notes.join()).toContain('refuses to watch pods'),
    );
    await server.allowPods(namespace, 'sidecar');
    await eventually(() => expect(source.snapshot().notes).toEqual([]));

    expect(before.synced).toBe(false);
    expect(before.notes.join()).toContain('KUBERNETES_FORBIDDEN');
    const warned = lines.filter(({ level }) => level === 'warn');
    expect(warned).toHaveLength(1);
    expect(warned[0]?.hint).toContain(
      `{apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"]}`,
    );
    expect(warned[0]?.hint).toContain(`namespace ${namespace}`);
    expect(warned[0]?.reason).toContain(`system:serviceaccount:${namespace}:sidecar`);
    expect(lines.map(({ msg }) => msg)).toContain('pods are followed again');
    expect(JSON.stringify(lines)).not.toContain(token);
  });

  it('reads the token again when it has expired, and follows on with the new one', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    await server.allowPods(namespace, 'sidecar');
    const tokenFile = join(server.directory, `${namespace}.token`);
    const issue = (seconds: number) =>
      server.createServiceAccountToken(namespace, 'sidecar', seconds);
    await writeFile(tokenFile, await issue(3));
    const kubeConfig = await server.writeKubeconfig(`token-${namespace}`, {
      'auth-provider': { name: 'tokenFile', config: { tokenFile } },
    });
    const { source, lines } = start({ kubeConfig, watchMs: 1_000 });
    await seen(source, 'own=10.0.0.1');

    await eventually(
      () => expect(source.snapshot().notes.join()).toContain('KUBERNETES_UNAUTHORIZED'),
      { timeoutMs: 30_000 },
    );
    const during = source.snapshot();
    await writeFile(tokenFile, `${await issue(3600)}\n`);
    await createPod(server, namespace, 'next', { ips: ['10.0.0.2'] });

    await seen(source, 'next=10.0.0.2', 'own=10.0.0.1');
    expect(during.synced).toBe(true);
    expect(during.members).toHaveLength(1);
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('uses the service account of the pod without a kubeconfig', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    await server.allowPods(namespace, 'sidecar');
    const folder = join(server.directory, 'var/run/secrets/kubernetes.io/serviceaccount');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'ca.crt'), await readFile(server.caPath));
    await writeFile(
      join(folder, 'token'),
      await server.createServiceAccountToken(namespace, 'sidecar'),
    );
    const { hostname, port } = new URL(server.url);
    process.env.KUBERNETES_SERVICE_HOST = hostname;
    process.env.KUBERNETES_SERVICE_PORT = port;

    const { source } = start({ connect: connectWith(undefined, { root: server.directory }) });

    await seen(source, 'own=10.0.0.1');
    delete process.env.KUBERNETES_SERVICE_HOST;
    delete process.env.KUBERNETES_SERVICE_PORT;
  });

  it('says that it is in no cluster rather than crash', async () => {
    const { source } = start({ connect: connectWith() });

    await eventually(() =>
      expect(source.snapshot().notes.join()).toContain('KUBERNETES_SERVICE_HOST is not set'),
    );

    expect(source.snapshot().synced).toBe(false);
  });

  it('says that a kubeconfig cannot be read, and uses it once it can', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    const kubeConfig = join(server.directory, `${namespace}-late.kubeconfig`);
    const { source } = start({ kubeConfig });
    await eventually(() => expect(source.snapshot().notes.join()).toContain('ENOENT'));

    await writeFile(kubeConfig, await readFile(server.kubeconfigPath));

    await seen(source, 'own=10.0.0.1');
  });

  it('follows 1,000 pods, and a change among them', { timeout: 120_000 }, async () => {
    const names = Array.from(
      { length: 1000 },
      (_, index) => `pod-${String(index).padStart(4, '0')}`,
    );
    const { source } = start();
    await Promise.all(
      Array.from({ length: 20 }, async (_, worker) => {
        for (let index = worker; index < names.length; index += 20) {
          const ip = `10.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;
          await createPod(server, namespace, names[index] ?? '', { ips: [ip] });
        }
      }),
    );
    await eventually(() => expect(source.snapshot().members).toHaveLength(1000));

    const second = start();
    await eventually(() => expect(second.source.snapshot().members).toHaveLength(1000));
    await deletePod(server, namespace, 'pod-0500');

    await eventually(() => expect(second.source.snapshot().members).toHaveLength(999));
    expect(second.source.snapshot().members.map(({ name }) => name)).toEqual(
      names.filter((name) => name !== 'pod-0500'),
    );
  });

  it('shows an address within moments of the API showing it', async () => {
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
    const { source } = start();
    await seen(source, 'own=10.0.0.1');
    const delays: number[] = [];
    for (let index = 2; index < 52; index += 1) {
      const name = `pod-${index}`;
      await createPod(server, namespace, name);
      const shown = new Promise<number>((resolve) => {
        source.onChange(() => {
          if (source.snapshot().members.some((member) => member.name === name)) {
            resolve(performance.now());
          }
        });
      });
      const askedAt = performance.now();
      await patchPodStatus(server, namespace, name, [`10.0.0.${index}`]);
      delays.push((await shown) - askedAt);
    }
    delays.sort((a, b) => a - b);

    const [median, worst] = [delays[25] ?? 0, delays.at(-1) ?? 0];
    console.log(
      `address patched to snapshot: median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`,
    );
    expect(worst).toBeLessThan(2_000);
  });
});
