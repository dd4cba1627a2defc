import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';

/** The program: `HELM_BIN`, else the one of the PATH. */
export const helmBin = process.env.HELM_BIN ?? 'helm';

function works(): boolean {
  try {
    execFileSync(helmBin, ['version', '--short'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Why what needs Helm is skipped, if so. */
export const noHelm = works() ? undefined : 'no helm: npm run setup builds it';

export function helm(...args: readonly string[]): string {
  // Its notes, of the link to the library chart for instance, go to standard error.
  return execFileSync(helmBin, args, {
    encoding: 'utf8',
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function documentsOf(manifest: string): readonly unknown[] {
  return parseAllDocuments(manifest, { merge: true })
    .map((document): unknown => document.toJS())
    .filter((document) => document !== null);
}

/** What a release of that name would make, with values as in `--set`. */
export function renderChart(
  chart: string,
  { name = 'haproxy', set = [] }: { readonly name?: string; readonly set?: readonly string[] } = {},
): readonly unknown[] {
  const values = set.flatMap((each) => ['--set', each]);
  // Without a cluster Helm takes a version of its own for the cluster's.
  return documentsOf(helm('template', name, chart, '--kube-version', '1.36.0', ...values));
}
