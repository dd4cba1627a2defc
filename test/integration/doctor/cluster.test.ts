import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/doctor/facts.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { createPod } from '../../helpers/kube-pods.ts';
import { writeSlice } from '../../helpers/kube-slices.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

describe('doctor and a real API server', unless(kubeApiserverMissing), () => {
  const directory = suiteFolder();
  const labels = join(directory, 'labels');
  let server: KubeApiserver;

  beforeAll(async () => {
    server = await startKubeApiserver();
    await server.createNamespace('edge');
    await server.createServiceAccount('edge', 'haproxy');
    await createPod(server, 'edge', 'web-1', { ips: ['127.0.0.1'] });
    await createPod(server, 'edge', 'web-2', { ips: ['127.0.0.1'] });
    await createPod(server, 'edge', 'alone', { ips: ['127.0.0.1'], labels: { app: 'alone' } });
    writeFileSync(labels, 'app="haproxy"\npod-template-hash="5d9f"\n');
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  async function doctor(...flags: readonly string[]): Promise<readonly Finding[]> {
    const { text } = await startProgram([
      ...['doctor', '--json', '--pod-name=web-1', '--pod-ip=127.0.0.1', '--namespace=edge'],
      ...[`--labels-file=${labels}`, `--kubeconfig=${server.kubeconfigPath}`],
      ...['--haproxy-config=/nowhere', '--admin-socket=/nowhere', '--master-socket=/nowhere'],
      ...['--peers-port=1', '--applier=direct', ...flags],
    ]).ended;
    return JSON.parse(text);
  }

  function of(findings: readonly Finding[], check: string): Finding | undefined {
    return findings.find((finding) => finding.check === check);
  }

  it('is content with rights, clock and labels that are right', async () => {
    const findings = await doctor();

    expect(of(findings, 'rbac')).toMatchObject({ level: 'ok' });
    expect(of(findings, 'api-server')).toMatchObject({ level: 'ok' });
    expect(of(findings, 'selector')).toMatchObject({
      level: 'warning',
      what: expect.stringMatching(/neither the peers protocol nor a sidecar answers on web-2/),
    });
  });

  it('names the rule that the Role lacks', async () => {
    const token = await server.createServiceAccountToken('edge', 'haproxy');
    const kubeconfig = await server.writeKubeconfig('no-role', { token });

    const found = of(await doctor(`--kubeconfig=${kubeconfig}`), 'rbac');

    expect(found).toMatchObject({ level: 'failure' });
    expect(found?.mend).toMatch(/resources.*pods.*verbs.*list/s);
  });

  it('names a token that is not valid', async () => {
    const kubeconfig = await server.writeKubeconfig('bad-token', { token: 'not-a-token' });

    expect(of(await doctor(`--kubeconfig=${kubeconfig}`), 'rbac')).toMatchObject({
      level: 'failure',
      what: expect.stringMatching(/401|does not accept/),
    });
  });

  it('names an API server that is out of reach', async () => {
    const kubeconfig = await server.writeKubeconfig('no-server', { token: 'a' }, 1);

    expect(of(await doctor(`--kubeconfig=${kubeconfig}`), 'api-server')).toMatchObject({
      level: 'failure',
      what: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it.each([
    ['does not select this pod', 'app=other', 'failure', /and not this one \(web-1\)/],
    ['selects this pod alone', 'app=alone', 'warning', /selects this pod alone/],
  ])('names a selector that %s', async (_, selector, level, what) => {
    const name = selector === 'app=alone' ? 'alone' : 'web-1';

    const found = of(await doctor(`--selector=${selector}`, `--pod-name=${name}`), 'selector');

    expect(found).toMatchObject({ level, what: expect.stringMatching(what) });
    expect(found?.mend).toContain('--show-labels');
  });

  it('looks at the endpoints of a Service where those are followed', async () => {
    await writeSlice(server, 'edge', 'edge', [
      { pod: 'web-1', address: '192.0.2.1' },
      { pod: 'web-2', address: '192.0.2.2' },
    ]);

    const findings = await doctor('--service=edge');
    const token = await server.createServiceAccountToken('edge', 'haproxy');
    const kubeconfig = await server.writeKubeconfig('no-slices', { token });
    const refused = of(await doctor('--service=edge', `--kubeconfig=${kubeconfig}`), 'rbac');

    expect(of(findings, 'rbac')).toMatchObject({ level: 'ok' });
    expect(of(findings, 'selector')?.what).toContain('kubernetes.io/service-name=edge');
    expect(refused?.mend).toContain('endpointslices');
  });

  it('names labels that nobody tells: neither the API server nor a file', async () => {
    const flags = ['--labels-file=/nowhere/labels', '--pod-name=unknown'];
    const found = of(await doctor(...flags), 'selector');

    expect(found).toMatchObject({ level: 'failure', what: expect.stringMatching(/nowhere/) });
    expect(found?.mend).toContain('downwardAPI');
  });

  it('names running replicas that the selector leaves out, and pods that look alike', async () => {
    await server.createNamespace('rollout');
    const replica = (name: string, hash: string, labels = {}) =>
      createPod(server, 'rollout', name, {
        ips: ['127.0.0.1'],
        labels: { app: 'haproxy', 'pod-template-hash': hash, ...labels },
        owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `web-${hash}` },
      });
    await replica('web-1', '5d9f', { team: 'edge' });
    await replica('web-0', '7c4b');
    await createPod(server, 'rollout', 'canary');

    const flags = ['--namespace=rollout', '--selector=team=edge'];
    const found = (await doctor(...flags)).filter(({ check }) => check === 'left-out');
    const allowed = of(await doctor(...flags, '--allow-left-out'), 'left-out');
    const without = await doctor('--namespace=rollout');

    expect(found).toMatchObject([
      { level: 'failure', what: expect.stringMatching(/leaves out web-0, running replicas/) },
      { level: 'warning', what: expect.stringMatching(/leaves out canary/) },
    ]);
    expect(allowed?.level).toBe('warning');
    expect(of(without, 'left-out')).toBeUndefined();
  });

  it('names a mesh that takes over the ports, and Services that hand clients on to them', async () => {
    await server.createNamespace('mesh');
    const ports = [
      { name: 'http', containerPort: 8080 },
      { name: 'peers', containerPort: 3000 },
    ];
    const haproxy = { name: 'haproxy', image: 'haproxy', ports };
    const proxy = { name: 'istio-proxy', image: 'istio', restartPolicy: 'Always' };
    const istio = 'traffic.sidecar.istio.io/exclude';
    const pod = (name: string, annotations = {}) =>
      createPod(server, 'mesh', name, {
        ...{ ips: ['127.0.0.1'], containers: [haproxy], initContainers: [proxy], annotations },
      });
    await pod('web-1');
    await pod('web-2', {
      [`${istio}InboundPorts`]: '3000,8405',
      [`${istio}OutboundPorts`]: '3000,8405',
    });
    const service = (name: string, type: string, targetPort: string, selector: object) =>
      server.admin('POST', '/api/v1/namespaces/mesh/services', {
        metadata: { name },
        spec: { type, selector, ports: [{ port: 80, targetPort }] },
      });
    await service('web', 'ClusterIP', 'http', { app: 'haproxy' });
    await service('other', 'NodePort', 'peers', { app: 'other' });
    const flags = ['--namespace=mesh', '--peers-port=3000'];

    const before = await doctor(...flags);
    await service('wide', 'NodePort', 'peers', { app: 'haproxy' });
    const after = await doctor(...flags, '--pod-name=web-2');

    expect(of(before, 'mesh')).toMatchObject({ level: 'failure' });
    expect(of(before, 'service-ports')).toMatchObject({ level: 'ok' });
    expect(of(after, 'mesh')).toMatchObject({ level: 'ok' });
    expect(of(after, 'service-ports')).toMatchObject({
      level: 'failure',
      what: expect.stringMatching(/Service wide \(NodePort\) .* port 3000/),
    });
  });

  it('says what it could not look at, and which rules it takes', async () => {
    const token = await server.createServiceAccountToken('edge', 'haproxy');
    const kubeconfig = await server.writeKubeconfig('no-services', { token });

    const without = await doctor(`--kubeconfig=${kubeconfig}`);
    await server.createServiceAccount('edge', 'pods-only');
    await server.allowPods('edge', 'pods-only');
    const podsOnly = await server.writeKubeconfig('pods-only', {
      token: await server.createServiceAccountToken('edge', 'pods-only'),
    });
    const some = await doctor(`--kubeconfig=${podsOnly}`);

    expect(of(without, 'mesh')).toMatchObject({ level: 'skipped' });
    expect(of(without, 'service-ports')?.mend).toMatch(/"pods".*"services"/);
    expect(of(some, 'mesh')).toBeUndefined();
    expect(of(some, 'service-ports')).toMatchObject({
      level: 'skipped',
      what: 'could not look: the Role does not let Services be read',
      mend: expect.not.stringContaining('"pods"'),
    });
  });
});
