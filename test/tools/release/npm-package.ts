import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readProject } from './project.ts';

function readme(): string {
  const { url, version } = readProject();
  return `# haproxy-peer-sync

Keeps the peers section of every HAProxy replica in Kubernetes in step with its sibling pods, without losing a stick-table
entry. This package is the program; in a cluster it runs from its image: ${url}

\`\`\`sh
npx haproxy-peer-sync status --all -l app=haproxy    # every replica: peers, tables, what waits and why
npm install --global haproxy-peer-sync                       # brings the plugin of kubectl, too:
kubectl haproxy-peers doctor deployment/haproxy              # what is wrong in a pod, and what mends it
\`\`\`

\`status\` takes the kubeconfig that kubectl takes, and needs the right to get pods/proxy. Documentation: ${url}/tree/v${version}
`;
}

/**
 * The folder of the npm package: two bundles and nothing to install besides. Not the repository's own package.json, which
 * is private, and names what the bundles are made of.
 */
export function stageNpmPackage(folder: string): void {
  const { name, version, description, license, engines, url } = readProject();
  mkdirSync(folder, { recursive: true });
  const build = (output: string, entry: string): void => {
    const tool = 'test/tools/build.ts';
    execFileSync(process.execPath, [tool, join(folder, output), entry], { stdio: 'inherit' });
  };
  build('main.js', 'src/main.ts');
  build('kubectl-plugin.js', 'src/kubectl-plugin.ts');
  const manifest = {
    ...{ name, version, description, license, engines },
    type: 'module',
    repository: { type: 'git', url: `git+${url}.git` },
    homepage: url,
    bugs: `${url}/issues`,
    keywords: ['haproxy', 'kubernetes', 'stick-table', 'peers', 'kubectl-plugin'],
    bin: { [name]: 'main.js', 'kubectl-haproxy_peers': 'kubectl-plugin.js' },
    files: ['main.js', 'kubectl-plugin.js'],
    publishConfig: { access: 'public', provenance: true },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  writeFileSync(join(folder, 'README.md'), readme());
  copyFileSync('LICENSE', join(folder, 'LICENSE'));
}

/** `npm pack` of it into `output`; returns the file's name. */
export function packNpmPackage(folder: string, output: string): string {
  mkdirSync(output, { recursive: true });
  const args = ['pack', folder, '--pack-destination', output, '--json', '--ignore-scripts'];
  execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const { name, version } = readProject();
  return join(output, `${name}-${version}.tgz`);
}
