import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
import { createPod, deletePod } from '../../helpers/kube-pods.ts';
import { unless } from '../../helpers/skip.ts';
import { startTcpCut, type TcpCut } from '../../helpers/tcp-cut.ts';

describe('pod source under faults', unless(kubeApiserverMissing), () => {
  let server: KubeApiserver;
  let hop: TcpCut;
  let kubeConfig = '';
  let namespace = '';
  let tests = 0;
  let controller: AbortController;
  const running: Source[] = [];

  beforeAll(async () => {
    server = await startKubeApiserver();
    hop = await startTcpCut(Number(new URL(server.url).port));
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await hop?.close();
    await server?.stop();
  });

  beforeEach(async () => {
    tests += 1;
    namespace = `ns-${tests}`;
    controller = new AbortController();
    hop.heal();
    await server.createNamespace(namespace);
    await server.allowPods(namespace, 'sidecar');
    const token = await server.createServiceAccountToken(namespace, 'sidecar');
    kubeConfig = await server.writeKubeconfig(`hop-${tests}`, { token }, hop.port);
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
  });
  afterEach(async () => {
    controller.abort();
    await Promise.all(running.splice(0).map((source) => source.stopped()));
  });

  function start(options: Partial<PodSourceOptions> = {}) {
    const { log, lines } = capturedLog();
    let pokes = 0;
    const source = createPodSource({
      namespace,
      siblings: 'app=haproxy',
      self: { name: 'own', address: '10.0.0.1' },
      log,
      kubeConfig,
      backoff: { baseMs: 50, capMs: 500 },
      ...options,
    });
    source.onChange(() => {
      pokes += 1;
    });
    source.start(controller.signal);
    running.push(source);
    const lists = () => lines.filter(({ msg }) => msg === 'listed pods').length;
    return { source, lines, lists, pokes: () => pokes };
  }

  async function seen(source: Source, ...expected: readonly string[]): Promise<void> {
    await eventually(() => {
      const { synced, members } = source.snapshot();
      expect(synced).toBe(true);
      expect(members.map(({ name }) => name)).toEqual(expected);
    });
  }

  async function noted(source: Source, text: string | RegExp): Promise<void> {
    await eventually(() => expect(source.snapshot().notes.join()).toMatch(text));
  }

  it('goes on after a restart of the API server', async () => {
    const { source } = start();
    await seen(source, 'own');

    await server.restart();
    await createPod(server, namespace, 'next', { ips: ['10.0.0.2'] });

    await seen(source, 'next', 'own');
    await eventually(() => expect(source.snapshot().notes).toEqual([]));
  });

  it('lists again when its version is too old (410), and sees a deletion that no watch told of', async () => {
    await createPod(server, namespace, 'old', { ips: ['10.0.0.2'] });
    // Tries again 4 s after the cut, when the server is back: a third failure would list without being told to.
    const { source, lines } = start({ backoff: { baseMs: 8_000, capMs: 8_000 }, random: () => 0 });
    await seen(source, 'old', 'own');

    hop.cut();
    await deletePod(server, namespace, 'old');
    await server.restart();
    const during = source.snapshot();
    hop.heal();

    await seen(source, 'own');
    expect(during.members).toHaveLength(2);
    const tooOld = lines.filter(({ msg }) => msg === 'the watch is too old: listing again');
    expect(tooOld).toHaveLength(1);
  });

  it('resumes the watch after a reset without a list', async () => {
    const { source, lists } = start({ backoff: { baseMs: 300, capMs: 500 } });
    await seen(source, 'own');
    await eventually(() => expect(source.snapshot().notes).toEqual([]));

    hop.cut();
    await noted(source, 'KUBERNETES_UNREACHABLE');
    await createPod(server, namespace, 'next', { ips: ['10.0.0.2'] });
    hop.heal();

    await seen(source, 'next', 'own');
    expect(lists()).toBe(1);
  });

  it('notices a network that drops everything, keeps the members, and recovers', async () => {
    const { source } = start({ watchMs: 1_000, answerMs: 500 });
    await seen(source, 'own');

    hop.freeze();
    await noted(source, /^members as of .*did not answer within/);
    const during = source.snapshot();
    await createPod(server, namespace, 'next', { ips: ['10.0.0.2'] });
    hop.heal();

    await seen(source, 'next', 'own');
    expect(during.synced).toBe(true);
    expect(during.members.map(({ name }) => name)).toEqual(['own']);
    await eventually(() => expect(source.snapshot().notes).toEqual([]));
  });

  it('notices an API server that hangs (SIGSTOP), and stops within moments even then', async () => {
    const { source } = start({ watchMs: 1_000, answerMs: 500 });
    await seen(source, 'own');

    server.pause();
    await noted(source, 'did not answer within');
    const startedAt = Date.now();
    controller.abort();
    await source.stopped();
    const took = Date.now() - startedAt;
    server.resume();

    expect(took).toBeLessThan(500);
    expect(source.snapshot().members).toHaveLength(1);
  });

  it('goes on when a hanging API server wakes up', async () => {
    const { source } = start({ watchMs: 1_000, answerMs: 500 });
    await seen(source, 'own');

    server.pause();
    await noted(source, 'did not answer within');
    server.resume();
    await createPod(server, namespace, 'next', { ips: ['10.0.0.2'] });

    await seen(source, 'next', 'own');
  });

  it('renews a quiet watch on one connection, without a list and without a poke', async () => {
    const before = hop.accepted();
    const { source, lists, lines, pokes } = start({ watchMs: 1_000 });
    await seen(source, 'own');
    const pokesBefore = pokes();
    const heardAt = source.snapshot().observedAtMs;

    await eventually(() => expect(source.snapshot().observedAtMs - heardAt).toBeGreaterThan(3_000));
    await createPod(server, namespace, 'next', { ips: ['10.0.0.2'] });
    await seen(source, 'next', 'own');

    expect(lists()).toBe(1);
    expect(hop.accepted() - before).toBe(1);
    // The pod appears without an address first, then with one.
    expect(pokes() - pokesBefore).toBeLessThanOrEqual(2);
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('lists again now and then, and a list that says the same pokes nobody', async () => {
    const { source, lists, pokes } = start({ relistMs: 1_000 });
    await seen(source, 'own');
    const pokesBefore = pokes();

    await eventually(() => expect(lists()).toBeGreaterThan(3));

    expect(pokes()).toBe(pokesBefore);
    expect(source.snapshot().notes).toEqual([]);
  });
});
