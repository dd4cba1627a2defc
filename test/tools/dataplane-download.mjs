// The official release of the Data Plane API, once, into the user's cache.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './machine.mjs';

const version = '3.4.2';
const base = `https://github.com/haproxytech/dataplaneapi/releases/download/v${version}`;
const architectures = { x64: 'x86_64', arm64: 'arm64' };
/**
 * SHA-256 of the archives of this version, noted by somebody who has them from elsewhere, too; null: nobody has yet. Then the
 * release's own list decides, which finds a broken download, and TLS vouches for the rest.
 */
const known = { x64: null, arm64: null };
/** How long a failed attempt keeps the next ones from trying: without a way out each would cost seconds. */
const tryAgainMs = 600_000;

/** Where the program is once it was downloaded. */
export function downloaded() {
  return join(cacheFolder(), `dataplaneapi-${version}`);
}

/** Returns the path of the program, downloading it when the cache has none; throws with the reason when that is impossible. */
export async function downloadDataplane({ fetcher = fetch, now = Date.now, pins = known } = {}) {
  const cache = cacheFolder();
  const program = downloaded();
  if (existsSync(program)) return program;
  const architecture = architectures[process.arch];
  if (process.platform !== 'linux' || architecture === undefined) {
    throw new Error(`no release for ${process.platform} ${process.arch}`);
  }
  const failed = join(cache, 'dataplaneapi-download-failed');
  if (existsSync(failed) && now() - statSync(failed).mtimeMs < tryAgainMs) {
    throw new Error('the download failed a few minutes ago');
  }
  mkdirSync(cache, { recursive: true });
  try {
    const name = `dataplaneapi_${version}_linux_${architecture}.tar.gz`;
    console.error(`setup: downloading ${name} …`);
    const pin = process.env.DATAPLANEAPI_SHA256 || pins[process.arch];
    const wanted = pin ?? (await listed(fetcher, name));
    const archive = await get(fetcher, `${base}/${name}`, 120_000);
    const found = createHash('sha256').update(archive).digest('hex');
    if (found !== wanted) throw new Error(`the checksum is wrong: ${found}, not ${wanted}`);
    if (!pin)
      console.error(
        `setup: not pinned: DATAPLANEAPI_SHA256=${found} takes no other one from now on`,
      );
    unpack(archive, cache, program);
    return program;
  } catch (error) {
    writeFileSync(failed, '');
    throw new Error(`download: ${error.cause?.message ?? error.message}`, { cause: error });
  }
}

/** As the release itself says. */
async function listed(fetcher, name) {
  const sums = (await get(fetcher, `${base}/checksums.txt`, 5000)).toString('utf8');
  const line = sums.split('\n').find((each) => each.endsWith(` ${name}`));
  return line?.slice(0, 64);
}

async function get(fetcher, url, timeoutMs) {
  const response = await fetcher(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** By way of a temporary folder: another process never sees half a program. */
function unpack(archive, cache, program) {
  const folder = mkdtempSync(join(cache, 'unpack-'));
  try {
    execFileSync('tar', ['-xzf', '-', '-C', folder, 'dataplaneapi'], { input: archive });
    chmodSync(join(folder, 'dataplaneapi'), 0o755);
    renameSync(join(folder, 'dataplaneapi'), program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
