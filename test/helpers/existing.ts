import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kustomizeText } from './example-manifests.ts';
import { makeFolder, removeFolder } from './temporary-folder.ts';

/** What examples/existing/README.md asks somebody to change in a copy of the component. */
export interface Names {
  readonly container: string;
  readonly volume: string;
}

export interface Base {
  /** Folder in test/bases. */
  readonly folder: string;
  readonly names: Names;
  /** With the Data Plane API, else over the master socket. */
  readonly dataplane: boolean;
  /** Strictest Pod Security Standard that the base, with the component, keeps. */
  readonly standard: 'restricted' | 'baseline';
  /** Workloads that become replicas of two pods each. */
  readonly injected: readonly string[];
  readonly images: readonly string[];
  /** Of its frontend. */
  readonly port: number;
}

const asInTheExample: Names = { container: 'haproxy', volume: 'config' };
const shared = {
  names: asInTheExample,
  dataplane: false,
  standard: 'restricted',
  port: 80,
} as const;
const haproxytech = 'haproxytech/haproxy-debian:3.4';

/** Deployments as people have them: test/bases/README.md. */
export const bases: readonly Base[] = [
  { ...shared, folder: 'official', injected: ['deployment/edge'], images: ['haproxy:3.4'] },
  {
    ...shared,
    folder: 'bitnami',
    names: { container: 'lb', volume: 'lb-config' },
    injected: ['deployment/edge'],
    images: ['bitnami/haproxy:3.4'],
    port: 8080,
  },
  {
    ...shared,
    folder: 'everything',
    names: { container: 'haproxy', volume: 'etc' },
    dataplane: true,
    standard: 'baseline',
    injected: ['deployment/edge'],
    images: [haproxytech, 'busybox:latest'],
  },
  { ...shared, folder: 'statefulset', injected: ['statefulset/edge'], images: [haproxytech] },
  {
    ...shared,
    folder: 'several',
    injected: ['deployment/edge', 'deployment/internal'],
    images: [haproxytech, 'busybox:latest'],
  },
];

/** Where the names stand. */
const filesWithNames: Readonly<Record<string, readonly string[]>> = {
  component: ['workload.yaml', 'drain.yaml'],
  dataplaneapi: ['workload.yaml'],
};

/** The components beside somebody's own base, with the names of that base in them, as `kubectl kustomize` renders it. */
export function withComponents(
  base: string,
  components: readonly ('component' | 'dataplaneapi')[],
  { container, volume }: Names = asInTheExample,
): string {
  const root = makeFolder('existing-');
  try {
    cpSync(base, join(root, 'base'), { recursive: true });
    for (const name of components) {
      cpSync(join('examples/existing', name), join(root, name), { recursive: true });
      for (const file of filesWithNames[name] ?? []) {
        const path = join(root, name, file);
        const text = readFileSync(path, 'utf8')
          .replaceAll('- name: haproxy\n', `- name: ${container}\n`)
          .replaceAll('{ name: config,', `{ name: ${volume},`);
        writeFileSync(path, text);
      }
    }
    writeFileSync(
      join(root, 'kustomization.yaml'),
      JSON.stringify({ resources: ['base'], components }),
    );
    return kustomizeText(root);
  } finally {
    removeFolder(root);
  }
}

/** One of `bases` with the component, and with the Data Plane API where it has it. */
export function installed({ folder, names, dataplane }: Base): string {
  const components = dataplane ? (['component', 'dataplaneapi'] as const) : ['component' as const];
  return withComponents(join('test/bases', folder), components, names);
}
