import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { helmBin } from '../../helpers/helm.ts';
import { makeFolder, removeFolder } from '../../helpers/temporary-folder.ts';
import { charts } from '../charts.ts';
import { readProject } from './project.ts';

/** Both charts as packages in `output`, with the digest of the image in their values; returns their paths. */
export function packCharts(output: string, digest?: string): readonly string[] {
  const { version } = readProject();
  const folder = makeFolder('hps-');
  try {
    // The application chart has a link to the library chart, which leads nowhere but here.
    cpSync('charts', join(folder, 'charts'), { recursive: true, verbatimSymlinks: true });
    const values = join(folder, charts.library, 'values.yaml');
    if (digest !== undefined) {
      const text = readFileSync(values, 'utf8');
      writeFileSync(values, text.replace(/digest: ""/, `digest: ${digest}`));
    }
    mkdirSync(output, { recursive: true });
    return Object.values(charts).map((chart) => {
      execFileSync(helmBin, ['package', join(folder, chart), '--destination', output], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return join(output, `${chart.slice('charts/'.length)}-${version}.tgz`);
    });
  } finally {
    removeFolder(folder);
  }
}
