// Prometheus and promtool, for the tests of the alert rules and the dashboard.
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, executable, onPath } from './machine.mjs';
import { withProgress } from './progress.mjs';

const names = { PROMETHEUS_BIN: 'prometheus', PROMTOOL_BIN: 'promtool' };

/**
 * Where both are not at hand, unpacks the Debian package into the user's cache: nothing is installed, no service starts,
 * and root is not needed. 19 MB, a second or two. Never fails: the tests skip with a reason.
 * Returns the environment variables that name what is not on the PATH.
 */
export async function ensurePrometheus() {
  const missing = notAtHand();
  if (missing.length === 0) return {};
  try {
    if (!missing.every(([, name]) => executable(cached(name)))) await unpack(cached(''));
    return named(missing);
  } catch (error) {
    console.error(
      `setup: prometheus is missing (${error.message}): the tests of alert rules and dashboard are skipped. ` +
        'Set PROMETHEUS_BIN and PROMTOOL_BIN, or put them on the PATH.',
    );
    return {};
  }
}

/** The same, of what is there already. */
export function cachedPrometheus() {
  return named(notAtHand().filter(([, name]) => executable(cached(name))));
}

function notAtHand() {
  return Object.entries(names).filter(
    ([variable, name]) => !process.env[variable] && onPath(name) === undefined,
  );
}

function named(programs) {
  return Object.fromEntries(programs.map(([variable, name]) => [variable, cached(name)]));
}

function cached(name) {
  return join(cacheFolder(), 'prometheus', name);
}

async function unpack(folder) {
  for (const tool of ['apt-get', 'dpkg-deb'])
    if (onPath(tool) === undefined) throw new Error(`no ${tool}`);
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), 'prometheus-'));
  try {
    await withProgress(
      'apt-get download prometheus',
      'apt-get',
      ['download', '-qq', 'prometheus'],
      {
        cwd: work,
      },
    );
    const file = (await readdir(work)).find((name) => name.endsWith('.deb'));
    if (file === undefined) throw new Error('apt-get brought no package');
    await withProgress('dpkg-deb prometheus', 'dpkg-deb', ['-x', join(work, file), work], {});
    await rm(folder, { recursive: true, force: true });
    await rename(join(work, 'usr', 'bin'), folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
