import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/validate.ts';
import { createSource } from '../../../src/sources/from-config.ts';
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
import { suiteFolder } from '../../helpers/test-folder.ts';

type Labels = Readonly<Record<string, string>>;

describe(
  'siblings across a change of template labels, on a real API server',
  unless(kubeApiserverMissing),
  () => {
    const directory = suiteFolder();
    let server: KubeApiserver;
    let namespace = '';
    let tests = 0;
    let controller: AbortController;
    const running: Source[] = [];

    beforeAll(async () => {
      server = await startKubeApiserver();
    }, kubeApiserverTimeoutMs);
    afterAll(async () => {
      await server?.stop();
    });
    beforeEach(async () => {
      tests += 1;
      namespace = `labels-${tests}`;
      controller = new AbortController();
      await server.createNamespace(namespace);
    });
    afterEach(async () => {
      controller.abort();
      await Promise.all(running.splice(0).map((source) => source.stopped()));
    });

    /** The labels as kubelet writes them into the downward API volume. */
    function labelsFile(name: string, labels: Labels): string {
      const path = join(directory, `${namespace}-${name}.labels`);
      writeFileSync(
        path,
        Object.entries(labels)
          .map(([key, value]) => `${key}="${value}"\n`)
          .join(''),
      );
      return path;
    }

    /** What the sidecar of a pod sees, as its flags have it. */
    function sidecar(name: string, ip: string, labels: Labels, ...flags: readonly string[]) {
      const { config } = loadConfig(
        'run',
        [
          ...[`--pod-name=${name}`, `--pod-ip=${ip}`, `--namespace=${namespace}`],
          ...[`--labels-file=${labelsFile(name, labels)}`, `--kubeconfig=${server.kubeconfigPath}`],
          ...flags,
        ],
        {},
      );
      const { log, lines } = capturedLog();
      const { source, scope } = createSource(config, log);
      source.start(controller.signal);
      running.push(source);
      return { source, lines, scope };
    }

    async function seen(source: Source, ...names: readonly string[]): Promise<void> {
      await eventually(
        () => {
          const { synced, members } = source.snapshot();
          expect(synced).toBe(true);
          expect(members.map(({ name }) => name)).toEqual(names);
        },
        { timeoutMs: 30_000 },
      );
    }

    /** A Deployment's pod as its controllers make it: of a ReplicaSet, whose name ends in the hash of the template. */
    async function deploymentPod(hash: string, ip: string, template: Labels): Promise<string> {
      const labels = { ...template, 'pod-template-hash': hash };
      const name = `edge-${hash}-${ip.split('.').at(-1)}`;
      await createPod(server, namespace, name, {
        labels,
        ips: [ip],
        owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `edge-${hash}` },
      });
      return name;
    }

    /** A ReplicaSet as the Deployment controller makes it; no controller runs here. */
    async function replicaSet(hash: string, selector: Labels): Promise<void> {
      const matchLabels = { ...selector, 'pod-template-hash': hash };
      await server.admin('POST', `/apis/apps/v1/namespaces/${namespace}/replicasets`, {
        metadata: { name: `edge-${hash}` },
        spec: { selector: { matchLabels }, template: templateOf(matchLabels), replicas: 0 },
      });
    }

    const templateOf = (labels: Labels) => ({
      metadata: { labels },
      spec: { containers: [{ name: 'haproxy', image: 'haproxy' }] },
    });

    /** A kubeconfig of an account that may follow pods, and what else is given. */
    async function account(...rules: readonly (readonly [string, string])[]): Promise<string> {
      const token = await server.createServiceAccountToken(namespace, 'haproxy');
      await server.allowPods(namespace, 'haproxy');
      for (const [group, resource] of rules)
        await server.allow(namespace, 'haproxy', resource, ['get'], group);
      return `--kubeconfig=${await server.writeKubeconfig(namespace, { token })}`;
    }

    it.each<[string, Labels, Labels]>([
      ['added', { app: 'haproxy' }, { app: 'haproxy', team: 'edge' }],
      ['changed', { app: 'haproxy', tier: 'a' }, { app: 'haproxy', tier: 'b' }],
      ['removed', { app: 'haproxy', team: 'edge' }, { app: 'haproxy' }],
    ])('old and new pods see each other when a label was %s', async (_, before, after) => {
      const old = await deploymentPod('5d9f', '10.0.0.1', before);
      const young = await deploymentPod('7c4b', '10.0.0.2', after);

      await seen(sidecar(old, '10.0.0.1', before).source, old, young);
      await seen(sidecar(young, '10.0.0.2', after).source, old, young);
    });

    it('finds siblings by the selector of the Deployment where the Role lets it get replicasets', async () => {
      const [before, after] = [
        { release: 'edge', app: 'old' },
        { release: 'edge', app: 'new', 'k8s-app': 'new' },
      ];
      await replicaSet('5d9f', { release: 'edge' });
      await replicaSet('7c4b', { release: 'edge' });
      const old = await deploymentPod('5d9f', '10.0.0.1', before);
      const young = await deploymentPod('7c4b', '10.0.0.2', after);
      const kubeconfig = await account(['apps', 'replicasets']);

      const first = sidecar(old, '10.0.0.1', before, kubeconfig);
      const second = sidecar(young, '10.0.0.2', after, kubeconfig);

      await seen(first.source, old, young);
      await seen(second.source, old, young);
      expect(second.scope?.found()).toEqual({ selector: 'release=edge', origin: 'owner' });
      expect(second.source.snapshot().notes).toEqual([]);
    });

    it('sees replicas with other application labels without any right but on pods, also those that come later', async () => {
      const [before, after] = [
        { release: 'edge', app: 'old' },
        { release: 'edge', app: 'new', 'k8s-app': 'new' },
      ];
      const kubeconfig = await account();
      const old = await deploymentPod('5d9f', '10.0.0.1', before);
      const first = sidecar(old, '10.0.0.1', before, kubeconfig);
      await seen(first.source, old);
      const young = await deploymentPod('7c4b', '10.0.0.2', after);
      await createPod(server, namespace, 'stranger', {
        ips: ['10.0.0.9'],
        labels: { release: 'edge' },
      });

      const second = sidecar(young, '10.0.0.2', after, kubeconfig);

      await seen(second.source, old, young);
      // Nobody tells a running one but a look of its own, every 15 s.
      await seen(first.source, old, young);
      expect(first.scope?.found()?.origin).toBe('application');
      expect(first.lines.map(({ msg }) => msg)).toContain('selector changed');
      const found = first.lines.find(({ msg }) => msg.includes('labels of the application'));
      expect(found).toMatchObject({
        reason: expect.stringContaining('cannot get resource'),
        rule: '{apiGroups: ["apps"], resources: ["replicasets"], verbs: ["get"]}',
      });
    });

    it.each([
      ['apps/v1', 'StatefulSet', 'statefulsets', { serviceName: 'edge' }],
      ['apps/v1', 'DaemonSet', 'daemonsets', {}],
    ])('takes the selector of %s %s', async (apiVersion, kind, plural, part) => {
      const labels = { release: 'edge', app: 'haproxy' };
      await server.admin('POST', `/apis/${apiVersion}/namespaces/${namespace}/${plural}`, {
        metadata: { name: 'edge' },
        spec: {
          selector: {
            matchLabels: { release: 'edge' },
            matchExpressions: [{ key: 'app', operator: 'In', values: ['haproxy', 'envoy'] }],
          },
          template: templateOf(labels),
          ...part,
        },
      });
      const owner = { apiVersion, kind, name: 'edge' };
      await createPod(server, namespace, 'edge-0', { labels, ips: ['10.0.0.1'], owner });

      const { source, scope } = sidecar('edge-0', '10.0.0.1', labels);

      await seen(source, 'edge-0');
      expect(scope?.found()).toEqual({
        selector: 'release=edge,app in (haproxy,envoy)',
        origin: 'owner',
      });
    });

    it('takes the map of a ReplicationController, without the label of one deployment', async () => {
      const selector = { deployment: 'edge-3', deploymentconfig: 'edge' };
      await server.admin('POST', `/api/v1/namespaces/${namespace}/replicationcontrollers`, {
        metadata: { name: 'edge-3' },
        spec: { selector, template: templateOf(selector), replicas: 0 },
      });
      const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: 'edge-3' };
      await createPod(server, namespace, 'a', { labels: selector, ips: ['10.0.0.1'], owner });

      const { source, scope } = sidecar('a', '10.0.0.1', selector);

      await seen(source, 'a');
      expect(scope?.found()?.selector).toBe('deploymentconfig=edge');
    });

    it('asks the API server how a kind that it does not know is called', async () => {
      const group = 'apps.example.com';
      const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
      await server.admin('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
        metadata: { name: `fleets.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'fleets', singular: 'fleet', kind: 'Fleet', listKind: 'FleetList' },
          versions: [
            { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } },
          ],
        },
      });
      const apiVersion = `${group}/v1`;
      const path = `/apis/${apiVersion}/namespaces/${namespace}/fleets`;
      const create = (name: string, spec: unknown) =>
        server.admin('POST', path, { apiVersion, kind: 'Fleet', metadata: { name }, spec });
      await eventually(async () => (await server.admin('GET', path, undefined, true)).status < 300);
      await create('edge', { selector: { matchLabels: { fleet: 'edge' } } });
      await create('odd', { selector: 'fleet' });
      await create('other', { selector: { matchLabels: { fleet: 'other' } } });
      const labels = { fleet: 'edge', app: 'haproxy' };
      for (const [index, name] of ['edge', 'odd', 'other'].entries()) {
        const owner = { apiVersion, kind: 'Fleet', name };
        await createPod(server, namespace, name, { labels, ips: [`10.0.0.${index + 1}`], owner });
      }
      const names = ['edge', 'odd', 'other'];

      const found = [];
      for (const [index, name] of names.entries()) {
        const { source, scope } = sidecar(name, `10.0.0.${index + 1}`, labels);
        await seen(source, ...names);
        found.push(scope?.found()?.selector);
      }

      expect(found).toEqual(['fleet=edge', 'app=haproxy', 'app=haproxy']);
    });

    it('says that neither label nor owner tells who is a sibling, and what to give', async () => {
      const labels = { run: 'edge' };
      await createPod(server, namespace, 'bare', { labels, ips: ['10.0.0.1'] });

      const { source, lines } = sidecar('bare', '10.0.0.1', labels, await account());

      await eventually(() => expect(source.snapshot().notes.join()).toContain('SELECTOR_EMPTY'));
      expect(source.snapshot().synced).toBe(false);
      expect(lines.find(({ code }) => code === 'SELECTOR_EMPTY')?.hint).toContain('--selector');
    });

    it('finds the replicas of its workload where no label names the application and the Role lets it see pods alone', async () => {
      const [before, after] = [
        { run: 'edge', team: 'a' },
        { run: 'edge', team: 'b', zone: 'z' },
      ];
      await replicaSet('5d9f', { run: 'edge' });
      const old = await deploymentPod('5d9f', '10.0.0.1', before);
      const kubeconfig = await account();
      const first = sidecar(old, '10.0.0.1', before, kubeconfig);
      await seen(first.source, old);
      await createPod(server, namespace, 'stranger', { ips: ['10.0.0.9'], labels: before });
      const young = await deploymentPod('7c4b', '10.0.0.2', after);

      const second = sidecar(young, '10.0.0.2', after, kubeconfig);

      await seen(second.source, old, young);
      await seen(first.source, old, young);
      expect(second.scope?.found()).toEqual({
        selector: 'run=edge,team in (b,a)',
        origin: 'workload',
      });
    });

    it('keeps its siblings when somebody labels a pod by hand, whatever label it is', async () => {
      const labels = { release: 'edge', app: 'haproxy' };
      const [a, b] = [
        await deploymentPod('5d9f', '10.0.0.1', labels),
        await deploymentPod('5d9f', '10.0.0.2', labels),
      ];
      const kubeconfig = await account();
      const first = sidecar(a, '10.0.0.1', labels, kubeconfig);
      const second = sidecar(b, '10.0.0.2', labels, kubeconfig);
      await seen(first.source, a, b);
      await seen(second.source, a, b);

      const path = `/api/v1/namespaces/${namespace}/pods/${b}`;
      await server.admin('PATCH', path, {
        metadata: { labels: { team: 'x', app: 'debug', 'k8s-app': 'x' } },
      });

      await eventually(
        () => expect(first.scope?.found()?.selector).toBe('app in (haproxy,debug)'),
        {
          timeoutMs: 30_000,
        },
      );
      await seen(first.source, a, b);
      await seen(second.source, a, b);
    });

    it('names running replicas that --selector leaves out, until they are gone, and those that look alike', async () => {
      const labels = { app: 'haproxy', team: 'edge' };
      const old = await deploymentPod('5d9f', '10.0.0.1', { app: 'haproxy' });
      const young = await deploymentPod('7c4b', '10.0.0.2', labels);
      await createPod(server, namespace, 'canary', { ips: ['10.0.0.8'] });
      await createPod(server, namespace, 'other', { ips: ['10.0.0.9'], labels: { app: 'other' } });

      const { source, lines } = sidecar(young, '10.0.0.2', labels, '--selector=team=edge');

      await seen(source, young);
      const { leftOut, notes } = source.snapshot();
      expect(leftOut).toEqual({ replicas: [old], alike: ['canary'], alone: true });
      expect(notes).toContain(`the selector team=edge leaves out running replicas: ${old}`);
      const codes = lines.map(({ code }) => code);
      expect(codes.filter((code) => code === 'SIBLINGS_LEFT_OUT')).toHaveLength(1);
      expect(codes.filter((code) => code === 'LOOKALIKES_LEFT_OUT')).toHaveLength(1);
      await deletePod(server, namespace, old);
      await eventually(() => expect(source.snapshot().leftOut?.replicas).toEqual([]));
    });

    it('takes no notice of replicas that hold nothing: those that have ended, or have not started', async () => {
      const labels = { app: 'haproxy', team: 'edge' };
      const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'edge-5d9f' };
      const part = { labels: { app: 'haproxy', 'pod-template-hash': '5d9f' }, owner };
      await createPod(server, namespace, 'evicted', { ...part, phase: 'Failed' });
      await createPod(server, namespace, 'starting', { ...part, phase: 'Pending' });
      const young = await deploymentPod('7c4b', '10.0.0.2', labels);

      const { source } = sidecar(young, '10.0.0.2', labels, '--selector=team=edge');

      await seen(source, young);
      expect(source.snapshot().leftOut).toBeUndefined();
    });
  },
);
