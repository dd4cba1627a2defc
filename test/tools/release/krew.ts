import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { stringify } from 'yaml';
import { pluginFile } from './plugin.ts';
import { readProject } from './project.ts';

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** The manifest of the plugin `haproxy-peers`, for krew: where the archives of a release are, and what is in them. */
export function krewManifest(archives: readonly string[]): string {
  const { url, version } = readProject();
  const platforms = archives.toSorted().map((archive) => {
    const name = basename(archive);
    const [, os, arch] = /-(linux|darwin)-(amd64|arm64)\.tar\.gz$/.exec(name) ?? [];
    if (os === undefined) throw new Error(`${name} does not say for which platform it is`);
    return {
      selector: { matchLabels: { os, arch } },
      uri: `${url}/releases/download/v${version}/${name}`,
      sha256: sha256(archive),
      bin: pluginFile,
    };
  });
  return stringify({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'haproxy-peers' },
    spec: {
      version: `v${version}`,
      homepage: url,
      shortDescription: 'See whether HAProxy replicas share their tables',
      description:
        'Shows peers, stick tables and waiting changes of HAProxy replicas that haproxy-peer-sync\nkeeps, and what is wrong with a replica.\n',
      platforms,
    },
  });
}
