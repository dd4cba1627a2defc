import { readFileSync } from 'node:fs';
import { readProject } from './release/project.ts';

const header = '# Generated from package.json by `npm run docs`.';

/** The image of all examples: name and tag, for kustomize. */
function imageComponent(image: string, version: string): string {
  return [
    header,
    '# The image of all examples. Use a digest instead of the tag to pin it: `digest: sha256:…`.',
    'apiVersion: kustomize.config.k8s.io/v1alpha1',
    'kind: Component',
    'images:',
    '  - name: haproxy-peer-sync',
    `    newName: ${image}`,
    `    newTag: ${version}`,
    '',
  ].join('\n');
}

/** examples/deployment with the image that `docker build -t haproxy-peer-sync:dev .` makes. */
function localOverlay(image: string): string {
  return [
    header,
    '# An example with the image of this working tree: docker build -t haproxy-peer-sync:dev .',
    'apiVersion: kustomize.config.k8s.io/v1beta1',
    'kind: Kustomization',
    'resources:',
    '  - ../deployment',
    'images:',
    `  - name: ${image}`,
    '    newName: haproxy-peer-sync',
    '    newTag: dev',
    '',
  ].join('\n');
}

/** Files that are written by hand, but name what is published: nothing else in them changes. */
const naming = [
  'examples/docker-compose/compose.yaml',
  'examples/helm/values.yaml',
  'examples/existing/component/kustomization.yaml',
  'docs/install.md',
  'docs/security.md',
] as const;

/** Every file of the examples that names the image, by path. */
export function exampleImages(): Readonly<Record<string, string>> {
  const { image, exampleImage, charts, url, path, version } = readProject();
  const written = naming.map((file) => [
    file,
    readFileSync(file, 'utf8')
      .replace(/\bghcr\.io\/[\w.-]+\/haproxy-peer-sync\b/g, image)
      .replace(/\boci:\/\/ghcr\.io\/[\w.-]+\/charts\b/g, charts)
      .replace(
        /(?<=haproxy-peer-sync:|\$image:|refs\/tags\/v|\?ref=v|\/download\/v|--version )\d+\.\d+\.\d+/g,
        version,
      )
      .replace(
        /https:\/\/github\.com\/[\w.-]+\/[\w.-]+(?=\/\.github|\/\/examples|\/releases)/g,
        url,
      )
      .replace(/(?<=--repo )[\w.-]+\/[\w.-]+/g, path)
      .replace(
        /(- name: haproxy-peer-sync\n +newName: ).*(\n +newTag: ).*/,
        (_all, name: string, tag: string) => `${name}${exampleImage.name}${tag}${exampleImage.tag}`,
      ),
  ]);
  return {
    'examples/image/kustomization.yaml': imageComponent(exampleImage.name, exampleImage.tag),
    'examples/local/kustomization.yaml': localOverlay(exampleImage.name),
    ...Object.fromEntries(written),
  };
}
