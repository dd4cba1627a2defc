// `plugin.ts [OUTPUT]`: the plugin of kubectl as a single executable for the machine that this runs on, packed for krew as
// OUTPUT/kubectl-haproxy_peers-OS-ARCH.tar.gz. Its Node is the one that runs this, and has `--build-sea` (25.5 and later).
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder, removeFolder } from '../../helpers/temporary-folder.ts';

export const pluginFile = 'kubectl-haproxy_peers';

/** As krew calls them: `linux-amd64`. */
export function platformName(os: string, arch: string): string {
  return `${os}-${arch === 'x64' ? 'amd64' : arch}`;
}

/** Makes the executable `output` of `node`. */
export function buildPlugin(output: string, node: string): void {
  const folder = makeFolder('hps-');
  try {
    const main = join(folder, 'main.js');
    execFileSync(node, ['test/tools/build.ts', main, 'src/kubectl-plugin.ts'], {
      stdio: 'inherit',
    });
    const config = join(folder, 'sea.json');
    const settings = {
      main,
      mainFormat: 'module',
      output: resolve(output),
      disableExperimentalSEAWarning: true,
      // NODE_OPTIONS are those of other programs.
      execArgvExtension: 'none',
    };
    writeFileSync(config, JSON.stringify(settings));
    execFileSync(node, ['--build-sea', config], { stdio: ['ignore', 'ignore', 'inherit'] });
    // macOS runs no program on ARM whose signature is not that of its content.
    if (process.platform === 'darwin')
      execFileSync('codesign', ['--force', '--sign', '-', output], { stdio: 'inherit' });
  } finally {
    removeFolder(folder);
  }
}

/** Makes the archive for krew, with the licence, and returns its path. */
export function packPlugin(output: string, node: string): string {
  const folder = makeFolder('hps-');
  try {
    buildPlugin(join(folder, pluginFile), node);
    copyFileSync('LICENSE', join(folder, 'LICENSE'));
    mkdirSync(output, { recursive: true });
    const archive = join(
      output,
      `${pluginFile}-${platformName(process.platform, process.arch)}.tar.gz`,
    );
    execFileSync('tar', ['-czf', resolve(archive), '-C', folder, pluginFile, 'LICENSE']);
    return archive;
  } finally {
    removeFolder(folder);
  }
}

if (import.meta.main) console.log(packPlugin(process.argv[2] ?? 'dist/plugin', process.execPath));
