import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  kustomizeText,
  type Manifest,
  manifestsOf,
  noKubectl,
  type Workload,
  workloadsOf,
} from '../helpers/example-manifests.ts';
import { bases, installed, withComponents } from '../helpers/existing.ts';
import { unless } from '../helpers/skip.ts';
import { testFolder } from '../helpers/test-folder.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever somebody wrote
type Anything = any;

const label = 'haproxy-peer-sync/inject';

const kinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

function isInjected({ kind, metadata }: Manifest): boolean {
  return kinds.some((each) => each === kind) && (metadata.labels as Anything)?.[label] === 'true';
}

const ours = (name: string) => name === 'dataplaneapi' || name.startsWith('haproxy-peer-sync');
const theirs = (list: readonly Anything[] = []) => list.filter(({ name }) => !ours(name));

/** What a pod template says that is not ours to change, of its HAProxy container and of the rest. */
function kept(workload: Workload, container: string): Anything {
  const { template, strategy, ...spec } = workload.spec as Anything;
  const {
    automountServiceAccountToken,
    securityContext,
    containers,
    initContainers,
    volumes,
    ...pod
  } = template.spec;
  const [haproxy] = containers.filter(({ name }: Anything) => name === container);
  const { command, args, lifecycle, securityContext: own, volumeMounts, ...rest } = haproxy;
  const { sysctls = [], ...context } = securityContext ?? {};
  return {
    ...{ kind: workload.kind, metadata: workload.metadata, spec, labels: template.metadata },
    ...{ pod, rest, context },
    others: theirs(containers).filter(({ name }) => name !== container),
    initContainers: theirs(initContainers),
    volumes: theirs(volumes),
    mounts: theirs(volumeMounts),
    sysctls: sysctls.filter(({ name }: Anything) => name !== 'net.ipv4.ip_unprivileged_port_start'),
    rollingUpdate: strategy?.rollingUpdate,
    postStart: lifecycle?.postStart,
  };
}

/** Why an API server would refuse it, or a pod of it would not work. */
function problems(workload: Workload, container: string): readonly string[] {
  const { template, strategy } = workload.spec as Anything;
  const { containers, initContainers, volumes } = template.spec;
  const all = [...initContainers, ...containers];
  const [haproxy] = containers.filter(({ name }: Anything) => name === container);
  const init = initContainers.map(({ name }: Anything) => name);
  const mounted = all.flatMap(({ volumeMounts = [] }) =>
    volumeMounts.map(({ name }: Anything) => name),
  );
  const known = volumes.map(({ name }: Anything) => name);
  const users = all
    .filter(({ name }) => ours(name) || name === container)
    .map(({ securityContext }) => securityContext.runAsUser);
  return [
    ...all.filter(({ image }) => image === undefined).map(({ name }) => `${name} has no image`),
    ...(Object.keys(haproxy.lifecycle.preStop).length === 1 ? [] : ['two handlers']),
    ...(haproxy.args.length === 0 ? [] : ['arguments after the command']),
    ...(strategy?.type === 'Recreate' ? ['all replicas at once'] : []),
    ...(init.slice(-2).join() === 'haproxy-peer-sync-init,haproxy-peer-sync'
      ? []
      : [`init containers ${init.join()}`]),
    ...(new Set(known).size === known.length ? [] : ['two volumes of one name']),
    ...volumes
      .filter((each: object) => Object.keys(each).length !== 2)
      .map(({ name }: Anything) => `volume ${name} of two kinds`),
    ...mounted.filter((name) => !known.includes(name)).map((name) => `no volume ${name}`),
    ...(new Set(users).size === 1 ? [] : [`users ${users.join()}`]),
    ...initContainers.slice(-2).flatMap(({ name, env }: Anything) => {
      const applier = env.find((each: Anything) => each.name === 'HAPROXY_PEER_SYNC_APPLIER').value;
      const hasApi = containers.some((each: Anything) => each.name === 'dataplaneapi');
      return applier === (hasApi ? 'dataplane' : 'direct') ? [] : [`${name} applies by ${applier}`];
    }),
    ...(containers[0].name === 'dataplaneapi' ? ['the first container is another one'] : []),
  ];
}

function find(manifests: readonly Manifest[], { kind, metadata }: Manifest) {
  return manifests.find((each) => each.kind === kind && each.metadata.name === metadata.name);
}

/** Nobody else's manifest changed, and of those with the label only what has to. */
function check(before: readonly Manifest[], after: readonly Manifest[], container: string): void {
  expect(before.filter(isInjected).length).toBeGreaterThan(0);
  for (const each of before) {
    const found = find(after, each);
    if (!isInjected(each)) {
      expect(found).toEqual(each);
      continue;
    }
    const [was] = workloadsOf([each]);
    const [is] = workloadsOf(found === undefined ? [] : [found]);
    if (was === undefined || is === undefined) throw new Error(`no ${each.metadata.name}`);
    expect(kept(is, container)).toEqual(kept(was, container));
    expect(problems(is, container)).toEqual([]);
  }
  const added = after.filter((each) => find(before, each) === undefined);
  expect(added.map(({ kind }) => kind)).toEqual(['Role', 'RoleBinding']);
}

describe.each(bases)('examples/existing on test/bases/$folder', unless(noKubectl), (base) => {
  it('changes what has the label, and of it what has to change', () => {
    const before = manifestsOf(kustomizeText(join('test/bases', base.folder)));

    check(before, manifestsOf(installed(base)), base.names.container);
  });
});

const name = fc.constantFrom('etc', 'run', 'tmp', 'token', 'podinfo', 'data', 'certs');
const volume = fc.oneof(
  name.map((each) => ({ name: each, emptyDir: {} })),
  name.map((each) => ({ name: each, configMap: { name: 'some' } })),
  name.map((each) => ({ name: each, secret: { secretName: 'some' } })),
);
const handler = fc.oneof(
  fc.constant({ exec: { command: ['sleep', '15'] } }),
  fc.constant({ httpGet: { path: '/drain', port: 8080 } }),
  fc.constant({ sleep: { seconds: 30 } }),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const container = fc.record(
  {
    image: fc.constantFrom('haproxy:3.4', 'bitnami/haproxy:3.4', 'own/haproxy@sha256:00'),
    command: fc.array(fc.constantFrom('sh', 'haproxy', '-W')),
    args: fc.array(fc.constantFrom('haproxy', '-f', '/etc/haproxy.cfg', '-db')),
    lifecycle: fc.record({ preStop: handler, postStart: handler }, { requiredKeys: [] }),
    securityContext: fc.record(
      {
        runAsUser: fc.constantFrom(0, 99, 1001),
        privileged: fc.boolean(),
        capabilities: fc.constant({ add: ['NET_ADMIN'] }),
      },
      { requiredKeys: [] },
    ),
    env: fc.constant([{ name: 'POD_NAME', value: 'mine' }]),
    ports: fc.constant([{ name: 'peers', containerPort: 1024 }]),
  },
  { requiredKeys: ['image'] },
);
const strategy = fc.constantFrom(
  { type: 'Recreate' },
  { type: 'RollingUpdate' },
  { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
);
const workload = fc
  .record({
    kind: fc.constantFrom(...kinds),
    inject: fc.constantFrom('true', 'true', 'false'),
    haproxy: container,
    others: fc.uniqueArray(fc.constantFrom('a', 'exporter', 'z-last'), { maxLength: 2 }),
    init: fc.uniqueArray(fc.constantFrom('b', 'y-last'), { maxLength: 2 }),
    volumes: fc.uniqueArray(volume, { selector: (each) => each.name, maxLength: 5 }),
    pod: fc.record(
      {
        terminationGracePeriodSeconds: fc.constantFrom(0, 30, 600),
        securityContext: fc.record(
          {
            runAsUser: fc.constantFrom(0, 1001),
            runAsNonRoot: fc.boolean(),
            fsGroup: fc.constantFrom(0, 2000),
            sysctls: fc.constant([{ name: 'net.ipv4.tcp_syncookies', value: '1' }]),
          },
          { requiredKeys: [] },
        ),
        enableServiceLinks: fc.boolean(),
        shareProcessNamespace: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    strategy: maybe(strategy),
  })
  .map(({ kind, inject, haproxy, others, init, volumes, pod, strategy: update }) => ({
    ...{ apiVersion: 'apps/v1', kind },
    metadata: { labels: { [label]: inject } },
    spec: {
      ...(kind === 'Deployment' && update !== undefined ? { strategy: update } : {}),
      template: {
        metadata: { labels: { app: 'edge' } },
        spec: {
          ...pod,
          ...(init.length > 0
            ? { initContainers: init.map((each) => ({ name: each, image: 'i:1' })) }
            : {}),
          containers: [
            {
              name: 'haproxy',
              ...haproxy,
              volumeMounts: volumes.map((each) => ({
                name: each.name,
                mountPath: `/m/${each.name}`,
              })),
            },
            ...others.map((each) => ({ name: each, image: 'i:1' })),
          ],
          volumes: [{ name: 'config', configMap: { name: 'some' } }, ...volumes],
        },
      },
    },
  }));

describe('examples/existing', unless(noKubectl), () => {
  it.each([[['component']], [['component', 'dataplaneapi']]] as const)(
    'changes nothing that it need not in workloads of every kind: %j',
    (components) => {
      const generated = fc.sample(workload, { numRuns: 24, seed: 20 });
      const folder = testFolder();
      // Whoever labels all that he has labels these, too.
      const labels = { [label]: 'true' };
      const others = [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'edge', labels },
          spec: { ports: [] },
        },
        {
          ...{
            apiVersion: 'argoproj.io/v1alpha1',
            kind: 'Rollout',
            metadata: { name: 'edge', labels },
          },
          spec: { template: { spec: { containers: [{ name: 'haproxy', image: 'haproxy:3.4' }] } } },
        },
      ];
      const named = generated.map((each, index) => ({
        ...each,
        metadata: { ...each.metadata, name: `edge-${index}` },
      }));
      writeFileSync(
        join(folder, 'all.yaml'),
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...named, ...others] }),
      );
      writeFileSync(
        join(folder, 'kustomization.yaml'),
        JSON.stringify({ resources: ['all.yaml'] }),
      );
      const before = manifestsOf(kustomizeText(folder));

      check(before, manifestsOf(withComponents(folder, components)), 'haproxy');
    },
  );
});
