// Helm, for the tests of the charts.
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, executable, onPath } from './machine.mjs';
import { withProgress } from './progress.mjs';

const version = 'v4.3.1';

/**
 * Where Helm is not at hand, builds it from its Go module into the user's cache, once: 2 to 6 minutes, 100 MB. Never fails:
 * the tests skip with a reason. Returns the environment variable that names it.
 */
export async function ensureHelm() {
  if (isAtHand()) return {};
  const binary = cached();
  try {
    if (!executable(binary)) await build(binary);
    return { HELM_BIN: binary };
  } catch (error) {
    console.error(
      `setup: helm is missing (${error.message}): the tests of the charts are skipped. ` +
        'Set HELM_BIN, or put it on the PATH.',
    );
    return {};
  }
}

/** The same, of what is there already. */
export function cachedHelm() {
  return !isAtHand() && executable(cached()) ? { HELM_BIN: cached() } : {};
}

function isAtHand() {
  return Boolean(process.env.HELM_BIN) || onPath('helm') !== undefined;
}

function cached() {
  return join(cacheFolder(), `helm-${version}`);
}

async function build(binary) {
  const cache = cacheFolder();
  if (onPath('go') === undefined) throw new Error('no go to build it with');
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'helm-'));
  try {
    await withProgress(
      `go install helm ${version}, once for this machine`,
      'nice',
      ['-n', '10', 'go', 'install', '-trimpath', `helm.sh/helm/v4/cmd/helm@${version}`],
      { cwd: work, env: { ...process.env, GOBIN: work, CGO_ENABLED: '0' } },
    );
    await rename(join(work, 'helm'), binary);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
