import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { kustomize, manifestsOf, noKubectl, runs } from '../helpers/example-manifests.ts';
import { unless } from '../helpers/skip.ts';

/** What the examples give away: who can read a token, and which ports a Service hands on (docs/security.md). */
const container = z.object({
  name: z.string(),
  args: z.array(z.string()).optional(),
  volumeMounts: z.array(z.object({ name: z.string() })).default([]),
});
const pod = z.looseObject({
  hostNetwork: z.boolean().optional(),
  automountServiceAccountToken: z.boolean().optional(),
  enableServiceLinks: z.boolean().optional(),
  initContainers: z.array(container).default([]),
  containers: z.array(container),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
});
type Pod = z.infer<typeof pod>;
const workload = z.object({ spec: z.object({ template: z.object({ spec: pod }) }) });
const port = z.object({
  port: z.number().optional(),
  targetPort: z.union([z.number(), z.string()]).optional(),
});
const service = z.object({
  kind: z.literal('Service'),
  spec: z.object({ clusterIP: z.string().optional(), ports: z.array(port).default([]) }),
});

const ours = ['haproxy-peer-sync-init', 'haproxy-peer-sync'];
const internalPorts: readonly unknown[] = [3000, 8405, 'peers', 'peer-sync'];

/** Containers that find a token of the service account in their file system. */
function tokenHolders(of: Pod): readonly string[] {
  const volumes = of.volumes
    .filter((volume) => JSON.stringify(volume).includes('"serviceAccountToken"'))
    .map(({ name }) => name);
  return [...of.initContainers, ...of.containers]
    .filter(
      ({ volumeMounts }) =>
        // Kubernetes' default is to mount it into every container.
        of.automountServiceAccountToken !== false ||
        volumeMounts.some(({ name }) => volumes.includes(name)),
    )
    .map(({ name }) => name);
}

function podOf(documents: readonly unknown[]): Pod {
  const found = documents.flatMap((document) => workload.safeParse(document).data ?? []);
  if (found[0] === undefined || found.length > 1) throw new Error('not one workload');
  return found[0].spec.template.spec;
}

/** Internal ports that a Service with an address of its own passes on; a headless one only answers with names. */
function exposed(documents: readonly unknown[]): readonly unknown[] {
  return documents
    .flatMap((document) => service.safeParse(document).data ?? [])
    .filter(({ spec }) => spec.clusterIP !== 'None')
    .flatMap(({ spec }) => spec.ports.map((one) => one.targetPort ?? one.port))
    .filter((target) => internalPorts.includes(target));
}

const rendered = [
  ['examples/deployment', ours],
  ['examples/statefulset', ours],
  ['examples/daemonset', ours],
  ['examples/tls', ours],
  ['examples/service', ours],
  ['examples/dns', []],
  ['examples/existing', ours],
] as const;

describe.each(rendered)('%s', unless(noKubectl), (folder, holders) => {
  const read = () => kustomize(folder);

  it('gives a token to nobody but the containers that need one', () => {
    expect(tokenHolders(podOf(read()))).toEqual(holders);
  });

  it('keeps Services of the namespace from the Data Plane API, which obeys such variables', () => {
    const { enableServiceLinks, containers } = podOf(read());
    const api = containers.find(({ name }) => name === 'dataplaneapi');

    // In a Deployment of somebody else a haproxy.cfg may need them.
    if (enableServiceLinks !== false) expect(api?.args?.join()).toContain('env -i PATH=');
  });

  it('hands neither the peers port nor that of the sidecar to a Service', () => {
    expect(exposed(read())).toEqual([]);
  });
});

describe('examples/helm', () => {
  const values = z
    .looseObject({
      serviceAccount: z.object({ automountServiceAccountToken: z.boolean() }).optional(),
      // The chart makes a port of its Service of each of these. Its own https and stat stay unless they are null.
      containerPorts: z.record(z.string(), z.number().nullable()),
      service: z.looseObject({}),
      initContainers: z.array(container),
      sidecarContainers: z.array(container),
      extraVolumes: z.array(z.looseObject({ name: z.string() })),
      extraVolumeMounts: z.array(z.object({ name: z.string() })),
    })
    .parse(parse(readFileSync('examples/helm/values.yaml', 'utf8'), { merge: true }));

  it('gives a token to nobody but the containers that need one', () => {
    const { serviceAccount, initContainers, sidecarContainers, extraVolumes, extraVolumeMounts } =
      values;

    const holders = tokenHolders({
      automountServiceAccountToken: serviceAccount?.automountServiceAccountToken,
      initContainers,
      containers: [...sidecarContainers, { name: 'haproxy', volumeMounts: extraVolumeMounts }],
      volumes: extraVolumes,
    });

    expect(holders).toEqual(ours);
  });

  it('has a Service for the ports of the frontend, and no other', () => {
    const ports = { https: 443, stat: 1024, ...values.containerPorts };

    expect(Object.entries(ports).filter(([, number]) => number !== null)).toEqual([['http', 8080]]);
    expect(values.service).toEqual({ type: 'ClusterIP' });
  });
});

/** Folder of haproxytech's chart `haproxy`, as for the end-to-end tests. */
const chart = process.env.HAPROXY_HELM_CHART ?? '';
const noChart =
  existsSync(chart) && runs('helm', 'version')
    ? undefined
    : 'no helm, or HAPROXY_HELM_CHART is not the folder of a chart';

describe('examples/helm in the chart', unless(noChart), () => {
  it('gives away no token and no port', () => {
    const args = ['template', 'edge', chart, '--kube-version', '1.30.0'];
    const text = execFileSync('helm', [...args, '-f', 'examples/helm/values.yaml']).toString();

    expect(tokenHolders(podOf(manifestsOf(text)))).toEqual(ours);
    expect(exposed(manifestsOf(text))).toEqual([]);
  });
});
