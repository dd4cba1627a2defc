import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  exampleFolders,
  kustomize,
  type Manifest,
  manifestsOf,
  noKubectl,
  type Workload,
  workloadsOf,
} from '../../helpers/example-manifests.ts';
import { bases, installed, withComponents } from '../../helpers/existing.ts';
import { modelOfChart } from '../../helpers/haproxy-chart.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { unless } from '../../helpers/skip.ts';

type Standard = 'restricted' | 'baseline' | 'privileged';
const standards: readonly Standard[] = ['restricted', 'baseline', 'privileged'];

/** Of operators that are not in a bare API server: cert-manager, Prometheus. */
const isForeign = ({ apiVersion }: Manifest) =>
  /^(cert-manager\.io|monitoring\.coreos\.com)\//.test(apiVersion);

function helm(): readonly Manifest[] {
  const values = parse(readFileSync('examples/helm/values.yaml', 'utf8'), { merge: true });
  const beside = ['rbac', 'pdb'].flatMap((name) =>
    manifestsOf(readFileSync(`examples/helm/${name}.yaml`, 'utf8')),
  );
  return [...modelOfChart(values), ...beside];
}

interface Subject {
  readonly name: string;
  readonly read: () => readonly Manifest[];
  /** The strictest Pod Security Standard that it keeps. */
  readonly standard: Standard;
}

/** Added to a workload that stands elsewhere, or for one that is in no cluster. */
const withoutPods: readonly string[] = [
  ...['examples/backends-external', 'examples/monitoring', 'examples/tls/cert-manager'],
];

const subjects: readonly Subject[] = [
  ...exampleFolders.map((folder) => ({
    ...{ name: folder, read: () => kustomize(folder) },
    // hostNetwork; and what somebody had before us may be anything.
    standard: folder.endsWith('/daemonset')
      ? ('privileged' as const)
      : folder === 'examples/existing/base'
        ? ('baseline' as const)
        : ('restricted' as const),
  })),
  { name: 'examples/helm', read: helm, standard: 'restricted' },
  ...bases.map((base) => ({
    name: `examples/existing on test/bases/${base.folder}`,
    read: () => manifestsOf(installed(base)),
    standard: base.standard,
  })),
];

describe('examples and a real API server', unless(noKubectl ?? kubeApiserverMissing), () => {
  let server: KubeApiserver;

  beforeAll(async () => {
    server = await startKubeApiserver();
    for (const standard of standards) {
      await server.admin('POST', '/api/v1/namespaces', {
        metadata: {
          name: standard,
          labels: { 'pod-security.kubernetes.io/enforce': standard },
        },
      });
    }
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  /** What kubectl says when the API server is asked, and nothing is kept. Fields that it does not know are errors. */
  function apply(manifests: readonly Manifest[]): Promise<{ code: number; text: string }> {
    return new Promise((resolve) => {
      const where = ['--kubeconfig', server.kubeconfigPath, '--namespace', 'privileged'];
      const how = ['apply', '--dry-run=server', '--validate=strict', '-f', '-'];
      const child = execFile('kubectl', [...where, ...how], (error, out, err) => {
        resolve({ code: error === null ? 0 : 1, text: `${out}${err}` });
      });
      child.stdin?.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
    });
  }

  /** Standards that let a pod of each workload in; of several that has ours in it. */
  async function allowedBy(workloads: readonly Workload[]): Promise<readonly Standard[]> {
    const injected = workloads.filter(({ spec: { template } }) =>
      template.spec.initContainers.some(({ name }) => name === 'haproxy-peer-sync'),
    );
    const looked = injected.length > 0 ? injected : workloads;
    const allowed: Standard[] = [];
    for (const standard of standards) {
      const answers = await Promise.all(
        looked.map(({ spec: { template, volumeClaimTemplates = [] } }) => {
          const metadata = { ...template.metadata, name: 'one' };
          const path = `/api/v1/namespaces/${standard}/pods?dryRun=All`;
          // What a StatefulSet adds to its pods.
          const claims = volumeClaimTemplates.map(({ metadata: { name } }) => ({
            ...{ name, persistentVolumeClaim: { claimName: `${name}-one` } },
          }));
          const volumes = [...(template.spec.volumes ?? []), ...claims];
          return server.admin(
            'POST',
            path,
            { metadata, spec: { ...template.spec, volumes } },
            true,
          );
        }),
      );
      if (answers.every(({ status }) => status === 201)) allowed.push(standard);
      else expect(answers.map(({ status }) => status)).toContain(403);
    }
    return allowed;
  }

  it.each(subjects)('$name is taken as it is', async ({ read }) => {
    const manifests = read().filter((each) => !isForeign(each));
    if (manifests.length === 0) return;

    expect(await apply(manifests)).toMatchObject({ code: 0 });
  });

  it.each(subjects.filter(({ name }) => !withoutPods.includes(name)))(
    '$name keeps the Pod Security Standard $standard',
    async ({ read, standard }) => {
      const expected = standards.slice(standards.indexOf(standard));

      const workloads = workloadsOf(read());

      expect(await allowedBy(workloads)).toEqual(expected);
    },
  );

  it.each([
    [{ container: 'lb', volume: 'config' }, /containers\[\d\]\.image: Required value/],
    [{ container: 'haproxy', volume: 'cfg' }, /volumeMounts\[0\]\.name: Not found: "cfg"/],
  ])('says which name is not that of the Deployment: %j', async (names, what) => {
    const text = withComponents(join('test/bases', 'official'), ['component'], names);

    expect(await apply(manifestsOf(text))).toMatchObject({
      code: 1,
      text: expect.stringMatching(what),
    });
  });

  it('refuses the sysctl in the network of a node, as the README says', async () => {
    const manifests = kustomize('examples/existing').map((each) => {
      const [workload] = each.kind === 'Deployment' ? workloadsOf([each]) : [];
      if (workload === undefined) return each;
      const copy = structuredClone(workload);
      copy.spec.template.spec.hostNetwork = true;
      return { ...each, spec: copy.spec };
    });

    expect(await apply(manifests)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/sysctls.*hostNetwork/s),
    });
  });
});
