import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Manifest, manifestsOf } from './example-manifests.ts';
import { helm, noHelm } from './helm.ts';
import { makeFolder, removeFolder } from './temporary-folder.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Folder of haproxytech's chart `haproxy`, for example out of `helm pull haproxytech/haproxy --untar`. */
const folder = process.env.HAPROXY_HELM_CHART ?? '';

/** Why the chart itself cannot be rendered here; undefined where it can. */
export const noChart =
  noHelm ?? (existsSync(folder) ? undefined : 'HAPROXY_HELM_CHART is not the folder of a chart');

/** What `helm template edge` makes of a file with values, in `namespace`. Needs helm and the chart. */
export function renderedChart(valuesFile: string, namespace = 'default'): string {
  // A cluster that was built for tests may not tell a version that Helm understands.
  const args = ['template', 'edge', folder, '--namespace', namespace, '--kube-version', '1.30.0'];
  return helm(...args, '-f', valuesFile);
}

export function chartManifests(values: Values): readonly Manifest[] {
  const own = makeFolder('chart-');
  try {
    writeFileSync(join(own, 'values.yaml'), JSON.stringify(values));
    return manifestsOf(renderedChart(join(own, 'values.yaml')));
  } finally {
    removeFolder(own);
  }
}

/** What the chart says where the values are silent. */
const defaults: Values = {
  serviceAccount: { automountServiceAccountToken: true },
  containerPorts: { http: 80, https: 443, stat: 1024 },
  service: { type: 'ClusterIP' },
  resources: { requests: { cpu: '250m', memory: '128Mi' } },
  configMount: { mountPath: '/usr/local/etc/haproxy' },
};

const map = z.record(z.string(), z.unknown());
const list = z.array(z.unknown());

/** What the model takes of the values; the rest goes into the manifests as it is. */
const valuesSchema = z.looseObject({
  image: z.looseObject({ repository: z.string(), tag: z.string() }),
  args: z.looseObject({ defaults: list }),
  containerPorts: z.record(z.string(), z.number()),
  rawContainerPorts: list.default([]),
  securityContext: map,
  configMount: z.looseObject({ mountPath: z.string() }),
  service: z.looseObject({ type: z.string() }),
  serviceAccount: z.looseObject({ automountServiceAccountToken: z.boolean() }),
  dnsPolicy: z.string(),
  config: z.string(),
  extraVolumes: list,
  extraVolumeMounts: list,
  sidecarContainers: list,
});

/** As Helm does: maps are merged, null takes a default away, everything else takes its place. */
export function merged(base: Values, over: Values): Values {
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  const both = (one: unknown, other: unknown) => {
    const [mine, theirs] = [map.safeParse(one), map.safeParse(other)];
    return mine.success && theirs.success ? merged(mine.data, theirs.data) : other;
  };
  return Object.fromEntries(
    keys
      .map((key) => [key, key in over ? both(base[key], over[key]) : base[key]])
      .filter(([, value]) => value !== null),
  );
}

/** Some values are written as they are, so that one may bring a line of its own. */
function asWritten(key: string, text: string): Values {
  const [value, ...lines] = text.split('\n').map((line) => line.trim());
  return Object.fromEntries([
    [key, value],
    ...lines.map((line) => {
      const [own = '', said] = line.split(': ');
      return [own, said === 'true' || said === 'false' ? said === 'true' : said];
    }),
  ]);
}

/**
 * Service, Deployment and ConfigMap as the chart (1.29.0) makes them of the values that examples/helm uses, where neither Helm nor the
 * chart is. test/repo/example-helm.test.ts compares it with the chart where they are.
 */
export function modelOfChart(given: Values): readonly Manifest[] {
  const values = valuesSchema.parse(merged(defaults, given));
  const labels = { 'app.kubernetes.io/name': 'haproxy', 'app.kubernetes.io/instance': 'edge' };
  // Helm goes through a map in the order of its keys.
  const ports = Object.entries(values.containerPorts).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { enabled, ...securityContext } = values.securityContext;
  const haproxy = {
    name: 'haproxy',
    securityContext,
    image: `${values.image.repository}:${values.image.tag}`,
    imagePullPolicy: 'IfNotPresent',
    args: values.args.defaults,
    ports: [
      ...ports.map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })),
      ...values.rawContainerPorts,
    ],
    livenessProbe: values.livenessProbe,
    readinessProbe: values.readinessProbe,
    resources: values.resources,
    lifecycle: values.lifecycle,
    volumeMounts: [
      { name: 'haproxy-config', mountPath: values.configMount.mountPath },
      ...values.extraVolumeMounts,
    ],
  };
  const name = 'edge-haproxy';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name } },
      spec: {
        type: values.service.type,
        selector: labels,
        ports: ports.map(([key, port]) => ({ name: key, protocol: 'TCP', port, targetPort: key })),
      },
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
      spec: {
        minReadySeconds: 0,
        replicas: values.replicaCount,
        selector: { matchLabels: labels },
        strategy: values.strategy,
        template: {
          metadata: { labels, annotations: values.podAnnotations },
          spec: {
            serviceAccountName: name,
            automountServiceAccountToken: values.serviceAccount.automountServiceAccountToken,
            terminationGracePeriodSeconds: values.terminationGracePeriodSeconds,
            securityContext: values.podSecurityContext,
            topologySpreadConstraints: values.topologySpreadConstraints,
            ...asWritten('dnsPolicy', values.dnsPolicy),
            volumes: [{ name: 'haproxy-config', configMap: { name } }, ...values.extraVolumes],
            containers: [...values.sidecarContainers, haproxy],
            initContainers: values.initContainers,
          },
        },
      },
    },
    {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
      data: { 'haproxy.cfg': `\n${values.config}` },
    },
  ];
}
