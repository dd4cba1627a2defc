import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectWith } from '../../../src/kubernetes/connection.ts';
import {
  createRecorder,
  type Recorder,
  type RecorderOptions,
} from '../../../src/telemetry/event-recorder.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { createPod } from '../../helpers/kube-pods.ts';
import { unless } from '../../helpers/skip.ts';

describe('Events on a real API server', unless(kubeApiserverMissing), () => {
  let server: KubeApiserver;
  let namespace = '';
  let tests = 0;
  let controller: AbortController;

  beforeAll(async () => {
    server = await startKubeApiserver();
  }, kubeApiserverTimeoutMs);
  afterAll(() => server?.stop());
  beforeEach(async () => {
    tests += 1;
    namespace = `events-${tests}`;
    controller = new AbortController();
    await server.createNamespace(namespace);
    await createPod(server, namespace, 'own', { ips: ['10.0.0.1'] });
  });
  afterEach(() => controller.abort());

  /** The kubeconfig of an account with the rights of the examples' Role, or fewer. */
  async function account(...rules: readonly (readonly ['pods' | 'events', readonly string[]])[]) {
    const token = await server.createServiceAccountToken(namespace, 'sidecar');
    for (const [resource, verbs] of rules) {
      await server.allow(namespace, 'sidecar', resource, verbs);
    }
    return server.writeKubeconfig(namespace, { token });
  }

  function recorder(kubeconfig: string, part: Partial<RecorderOptions> = {}) {
    const { log, lines } = capturedLog();
    const outcomes: string[] = [];
    let nowMs = Date.now();
    const made: Recorder = createRecorder({
      mode: 'auto',
      pod: { namespace, name: 'own' },
      connect: connectWith(kubeconfig),
      log,
      now: () => nowMs,
      dateOf: (ms) => ms,
      sleep: () => new Promise((resolve) => setTimeout(resolve, 50)),
      signal: controller.signal,
      onOutcome: (_, outcome) => outcomes.push(outcome),
      ...part,
    });
    const later = (ms: number) => {
      nowMs += ms;
    };
    return { recorder: made, lines, outcomes, later };
  }

  async function events() {
    const { body } = await server.admin('GET', `/api/v1/namespaces/${namespace}/events`);
    return body.items;
  }

  const full = [
    ['pods', ['get', 'list', 'watch']],
    ['events', ['create', 'patch']],
  ] as const;

  it('writes an Event that kubectl describe finds, with the rights of the examples', async () => {
    const { recorder: own, outcomes } = recorder(await account(...full));

    own.record({ reason: 'JoinedWithoutHistory', message: 'b holds 500 entries of sessions' });
    await own.flush(10_000);

    const { body: pod } = await server.admin('GET', `/api/v1/namespaces/${namespace}/pods/own`);
    // As kubectl asks: by the pod's name and uid.
    const selector = `involvedObject.name=own,involvedObject.kind=Pod,involvedObject.uid=${pod.metadata.uid}`;
    const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(selector)}`;
    const { body } = await server.admin('GET', path);
    expect(outcomes).toEqual(['created']);
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({
      reason: 'JoinedWithoutHistory',
      type: 'Warning',
      message: 'b holds 500 entries of sessions',
      count: 1,
      source: { component: 'haproxy-peer-sync' },
      reportingComponent: 'haproxy-peer-sync',
    });
  });

  it('raises the count of the same, and does not write what comes too soon', async () => {
    const { recorder: own, outcomes, later } = recorder(await account(...full));

    own.record({ reason: 'ChangeWaiting', message: 'not applied for 120 s' });
    await own.flush(10_000);
    own.record({ reason: 'ChangeWaiting', message: 'not applied for 121 s' });
    later(60_000);
    own.record({ reason: 'ChangeWaiting', message: 'not applied for 180 s' });
    await own.flush(10_000);

    expect(outcomes).toEqual(['created', 'held', 'counted']);
    expect(await events()).toMatchObject([{ count: 3, message: 'not applied for 180 s' }]);
  });

  it('creates it anew when the API server has it no more', async () => {
    const { recorder: own, later } = recorder(await account(...full));
    own.record({ reason: 'ChangeWaiting', message: 'one' });
    await own.flush(10_000);
    await server.admin('DELETE', `/api/v1/namespaces/${namespace}/events`);

    later(60_000);
    own.record({ reason: 'ChangeWaiting', message: 'two' });
    await own.flush(10_000);

    expect(await events()).toMatchObject([{ count: 2, message: 'two' }]);
  });

  it('says once that it may not, names the rule, and is off', async () => {
    const { recorder: own, lines, outcomes, later } = recorder(await account());

    own.record({ reason: 'ChangeWaiting', message: 'one' });
    await own.flush(10_000);
    later(60_000);
    own.record({ reason: 'ChangeWaiting', message: 'two' });
    own.record({ reason: 'ResyncMissed', message: 'three' });
    await own.flush(10_000);

    expect(outcomes).toEqual(['off', 'off', 'off']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'info',
      rule: '{apiGroups: [""], resources: ["events"], verbs: ["create", "patch"]}',
    });
    expect(await events()).toEqual([]);
  });

  it('goes on trying with --events=on, and writes once it may', async () => {
    const { recorder: own, lines, later } = recorder(await account(), { mode: 'on' });
    own.record({ reason: 'ChangeWaiting', message: 'one' });
    await own.flush(10_000);

    await server.allow(namespace, 'sidecar', 'events', ['create', 'patch']);
    await eventually(async () => {
      later(60_000);
      own.record({ reason: 'ChangeWaiting', message: 'again' });
      await own.flush(10_000);
      expect(await events()).toHaveLength(1);
    });

    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('writes without the right to read pods, only without the uid', async () => {
    const { recorder: own } = recorder(await account(['events', ['create', 'patch']]));

    own.record({ reason: 'ResyncRepaired', message: 'tables learned after a hard-reload' });
    await own.flush(10_000);

    const [event] = await events();
    expect(event).toMatchObject({ type: 'Normal', involvedObject: { name: 'own' } });
    expect(event.involvedObject.uid).toBeUndefined();
  });

  it('cuts a message that the API server would refuse', async () => {
    const { recorder: own, outcomes } = recorder(await account(...full));

    own.record({ reason: 'ReloadRefused', message: 'ü'.repeat(3000) });
    await own.flush(10_000);

    expect(outcomes).toEqual(['created']);
    expect((await events())[0].message).toHaveLength(1024);
  });

  it('tries again while the API server restarts', async () => {
    const { recorder: own, outcomes } = recorder(await account(...full), {
      pod: { namespace, name: 'own', uid: 'known' },
      sleep: () => server.start(),
    });
    await server.kill();

    own.record({ reason: 'ResyncMissed', message: 'one' });
    await own.flush(120_000);

    expect(outcomes).toEqual(['created']);
  });
});
