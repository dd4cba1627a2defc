// The programs that the integration tests, the demo and the bench run: HAProxy, socat, the Data Plane API.
import { downloadDataplane, downloaded } from './dataplane-download.mjs';
import { cachedHelm, ensureHelm } from './helm.mjs';
import { executable, onPath } from './machine.mjs';
import { withProgress } from './progress.mjs';
import { cachedPrometheus, ensurePrometheus } from './prometheus.mjs';

/**
 * Installs what is missing where that is possible without asking: packages as root on a machine with apt-get, the
 * Data Plane API into the user's cache. Says in one line each what stays missing. Never fails: tests skip with a reason.
 * Returns the environment variables that name what is not on the PATH.
 */
export async function ensurePrograms() {
  await ensurePackages();
  return {
    ...(await ensureDataplane()),
    ...(await ensurePrometheus()),
    ...(await ensureHelm()),
  };
}

/** The same without bringing anything: what an earlier run has left in the user's cache. */
export function cachedPrograms() {
  return { ...cachedDataplane(), ...cachedPrometheus(), ...cachedHelm() };
}

/** Programs and the Debian packages that carry them. */
const packages = { haproxy: 'haproxy', socat: 'socat', dnsmasq: 'dnsmasq-base' };

async function ensurePackages() {
  const missing = () =>
    Object.keys(packages).filter((name) => {
      const named = name === 'haproxy' ? process.env.HAPROXY_BIN : undefined;
      return !(named !== undefined && executable(named)) && onPath(name) === undefined;
    });
  const wanted = missing();
  if (wanted.length === 0) return;
  if (process.getuid?.() === 0 && onPath('apt-get') !== undefined) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    try {
      await withProgress('apt-get update', 'apt-get', ['update', '-qq'], { env });
      await withProgress(
        `apt-get install ${wanted.map((name) => packages[name]).join(' ')}`,
        'apt-get',
        [
          'install',
          '-qq',
          '-y',
          '--no-install-recommends',
          ...wanted.map((name) => packages[name]),
        ],
        { env },
      );
    } catch (error) {
      console.error(`setup: ${error.message}`);
    }
  }
  for (const name of missing()) {
    console.error(
      `setup: ${name} is missing: what runs it is skipped. Get it with "sudo apt-get install ${packages[name]}", or your system's packages.`,
    );
  }
}

function cachedDataplane() {
  const isAtHand = process.env.DATAPLANEAPI_BIN || onPath('dataplaneapi') !== undefined;
  return !isAtHand && executable(downloaded()) ? { DATAPLANEAPI_BIN: downloaded() } : {};
}

async function ensureDataplane() {
  const named = process.env.DATAPLANEAPI_BIN;
  if (named !== undefined && named !== '') {
    if (!executable(named))
      console.error(`setup: DATAPLANEAPI_BIN names ${named}, which cannot be executed.`);
    return {};
  }
  if (onPath('dataplaneapi') !== undefined) return {};
  try {
    return { DATAPLANEAPI_BIN: await downloadDataplane() };
  } catch (error) {
    console.error(
      `setup: the Data Plane API is missing (${error.message}): what runs it is skipped. ` +
        'Get it from github.com/haproxytech/dataplaneapi/releases and set DATAPLANEAPI_BIN.',
    );
    return {};
  }
}
