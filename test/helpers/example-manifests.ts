import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { testFolder } from './test-folder.ts';

/** Whether a program is there and ends well. */
export function runs(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Why manifests cannot be rendered here; undefined where they can. */
export const noKubectl = runs('kubectl', 'version', '--client') ? undefined : 'no kubectl';

/** Every folder of examples/ that `kubectl apply -k` takes, found and not listed: a new one cannot be forgotten. */
export const exampleFolders: readonly string[] = readdirSync('examples', { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('kustomization.yaml'))
  .filter((path) => parse(readFileSync(join('examples', path), 'utf8')).kind === 'Kustomization')
  .map((path) => join('examples', dirname(path)))
  .sort();

export type Manifest = z.infer<typeof manifest>;

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

export function manifestsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((document) => document !== null)
    .map((document) => manifest.parse(document));
}

export function kustomizeText(folder: string): string {
  return execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
}

/** What a kustomization with this folder and this component would send. */
export function textWithComponent(folder: string, component: string): string {
  // kustomize takes relative paths alone, and compares them with real ones.
  const own = realpathSync(testFolder());
  const path = (of: string) => relative(own, realpathSync(of));
  writeFileSync(
    join(own, 'kustomization.yaml'),
    `resources: [${path(folder)}]\ncomponents: [${path(component)}]\n`,
  );
  return kustomizeText(own);
}

const rendered = new Map<string, readonly Manifest[]>();

/** What `kubectl apply -k` would send. Rendering takes a second, so a folder is rendered once. */
export function kustomize(folder: string): readonly Manifest[] {
  const known = rendered.get(folder);
  if (known !== undefined) return known;
  const manifests = manifestsOf(kustomizeText(folder));
  rendered.set(folder, manifests);
  return manifests;
}

const amount = z.record(z.string(), z.union([z.string(), z.number()])).default({});
const probe = z.looseObject({}).optional();
const containerSchema = z.looseObject({
  name: z.string(),
  image: z.string(),
  restartPolicy: z.string().optional(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
  resources: z.object({ requests: amount, limits: amount }).partial().default({}),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
});
export type Container = z.infer<typeof containerSchema>;

const podSpec = z.looseObject({
  volumes: z.array(z.looseObject({ name: z.string() })).optional(),
  hostNetwork: z.boolean().default(false),
  initContainers: z.array(containerSchema).default([]),
  containers: z.array(containerSchema),
  topologySpreadConstraints: z
    .array(
      z.looseObject({
        topologyKey: z.string(),
        matchLabelKeys: z.array(z.string()).default([]),
        labelSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
      }),
    )
    .default([]),
  securityContext: z
    .looseObject({
      sysctls: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
    })
    .optional(),
});

const workloadSchema = z.looseObject({
  kind: z.enum(['Deployment', 'StatefulSet', 'DaemonSet']),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: podSpec,
    }),
    volumeClaimTemplates: z
      .array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) }))
      .optional(),
  }),
});
export type Workload = z.infer<typeof workloadSchema>;

export function workloadsOf(manifests: readonly Manifest[]): readonly Workload[] {
  const kinds: readonly string[] = workloadSchema.shape.kind.options;
  return manifests
    .filter(({ kind }) => kinds.includes(kind))
    .map((document) => workloadSchema.parse(document));
}
