import { execFileSync } from 'node:child_process';
import { realpathSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { makeFolder, removeFolder } from '../../helpers/temporary-folder.ts';
import { readProject } from './project.ts';

/** The examples that can be applied as they are, each as one file `install-NAME.yaml`. */
export const bundled = [
  'deployment',
  'statefulset',
  'daemonset',
  'service',
  'dns',
  'tls',
  'monitoring',
] as const;

function overlay(example: string, digest: string | undefined): string {
  const { image, exampleImage, version } = readProject();
  const pinned = digest === undefined ? [] : [`    digest: ${digest}`];
  return [
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    `resources: [${example}]`,
    'images:',
    `  - name: ${exampleImage.name}`,
    `    newName: ${image}`,
    `    newTag: ${version}`,
    ...pinned,
    '',
  ].join('\n');
}

/** The manifest of an example as it is attached to a release: with the digest of the image, `sha256:…`, beside its tag. */
export function bundle(name: string, digest?: string): string {
  const { version, url } = readProject();
  // kustomize takes relative paths alone, and compares them with real ones.
  const folder = realpathSync(makeFolder('hps-'));
  try {
    const example = relative(folder, realpathSync(resolve('examples', name)));
    writeFileSync(join(folder, 'kustomization.yaml'), overlay(example, digest));
    const manifest = execFileSync('kubectl', ['kustomize', folder], {
      encoding: 'utf8',
      maxBuffer: 1e8,
    });
    return `# haproxy-peer-sync ${version}: ${url}/tree/v${version}/examples/${name}\n${manifest}`;
  } finally {
    removeFolder(folder);
  }
}
