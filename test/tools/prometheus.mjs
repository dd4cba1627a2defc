// Prometheus and promtool, for the tests of the alert rules and the dashboard.
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withProgress } from './progress.mjs';

const names = { PROMETHEUS_BIN: 'prometheus', PROMTOOL_BIN: 'promtool' };

/**
 * Where both are not at hand, unpacks the Debian package into the user's cache: nothing is installed, no service starts,
 * and root is not needed. 19 MB, a second or two. Never fails: the tests skip with a reason.
 * Returns the environment variables that name what is not on the PATH.
 */
export async function ensurePrometheus(onPath) {
  const missing = Object.entries(names).filter(
    ([variable, name]) => !process.env[variable] && onPath(name) === undefined,
  );
  if (missing.length === 0) return {};
  const folder = join(cache(), 'prometheus');
  try {
    if (!missing.every(([, name]) => executable(join(folder, name)))) await unpack(folder, onPath);
    return Object.fromEntries(missing.map(([variable, name]) => [variable, join(folder, name)]));
  } catch (error) {
    console.error(
      `setup: prometheus is missing (${error.message}): the tests of alert rules and dashboard are skipped. ` +
        'Set PROMETHEUS_BIN and PROMTOOL_BIN, or put them on the PATH.',
    );
    return {};
  }
}

async function unpack(folder, onPath) {
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (onPath(tool) === undefined && !executable(`/usr/bin/${tool}`))
      throw new Error(`no ${tool}`);
  }
  await mkdir(cache(), { recursive: true });
  const work = await mkdtemp(join(cache(), 'prometheus-'));
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

function cache() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'haproxy-peer-sync');
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
