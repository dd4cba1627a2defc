// `npm run package -- [--digest sha256:…] [--plugins FOLDER] [--output dist/release]`: everything that a release has besides
// the image. The digest is the image's; FOLDER has the archives that plugin.ts made on each platform.
//   OUTPUT/assets   what is attached to the release: install-*.yaml, the plugin, its manifest for krew, SHA256SUMS
//   OUTPUT/charts   packages for `helm push`
//   OUTPUT/npm      the package for `npm publish`
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, bundled } from './bundles.ts';
import { packCharts } from './chart-packages.ts';
import { krewManifest, sha256 } from './krew.ts';
import { packNpmPackage, stageNpmPackage } from './npm-package.ts';

const { values } = parseArgs({
  options: {
    digest: { type: 'string' },
    plugins: { type: 'string' },
    output: { type: 'string', default: 'dist/release' },
  },
});
const { digest, plugins, output } = values;
if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest))
  throw new Error('--digest is sha256: and 64 digits');

rmSync(output, { recursive: true, force: true });
const assets = join(output, 'assets');
mkdirSync(assets, { recursive: true });

for (const name of bundled)
  writeFileSync(join(assets, `install-${name}.yaml`), bundle(name, digest));

if (plugins !== undefined) {
  const archives = readdirSync(plugins).map((name) => join(plugins, name));
  for (const archive of archives) copyFileSync(archive, join(assets, basename(archive)));
  writeFileSync(join(assets, 'haproxy-peers.yaml'), krewManifest(archives));
}

stageNpmPackage(join(output, 'package'));
const made = [
  ...packCharts(join(output, 'charts'), digest),
  packNpmPackage(join(output, 'package'), join(output, 'npm')),
];
rmSync(join(output, 'package'), { recursive: true });

const attached = readdirSync(assets).map((name) => join(assets, name));
// As sha256sum writes it, so that `sha256sum --check` reads it.
const sums = attached.map((file) => `${sha256(file)}  ${basename(file)}\n`).join('');
writeFileSync(join(assets, 'SHA256SUMS'), sums);
for (const file of [...attached, ...made]) console.log(file);
