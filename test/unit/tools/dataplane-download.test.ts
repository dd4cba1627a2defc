import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testFolder } from '../../helpers/test-folder.ts';
// @ts-expect-error It is JavaScript, because it runs before any package is there.
import { downloadDataplane } from '../../tools/dataplane-download.mjs';

let directory: string;
let archive: Buffer;
beforeEach(() => {
  directory = testFolder();
  vi.stubEnv('XDG_CACHE_HOME', directory);
  vi.stubEnv('DATAPLANEAPI_SHA256', '');
  vi.spyOn(console, 'error').mockImplementation(() => {});
  writeFileSync(join(directory, 'dataplaneapi'), 'the program');
  archive = execFileSync('tar', ['-czf', '-', '-C', directory, 'dataplaneapi']);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The release page, which is out of reach here: a fake. */
function release(listed: string) {
  const calls: string[] = [];
  async function fetcher(url: string): Promise<Response> {
    calls.push(url);
    const name = process.arch === 'arm64' ? 'arm64' : 'x86_64';
    const body = url.endsWith('checksums.txt')
      ? `${listed}  dataplaneapi_3.4.2_linux_${name}.tar.gz\n`
      : new Uint8Array(archive);
    return new Response(body);
  }
  return { fetcher: fetcher as unknown as typeof fetch, calls };
}

const pinned = (hash: string) => ({ x64: hash, arm64: hash });

describe('the download of the Data Plane API', () => {
  it('takes the archive that is pinned, and asks for no list', async () => {
    const { fetcher, calls } = release('');

    const program = await downloadDataplane({ fetcher, pins: pinned(hashOf(archive)) });

    expect(readFileSync(program, 'utf8')).toBe('the program');
    expect(calls).toHaveLength(1);
  });

  it('takes no other than the pinned one, whatever the release says of it', async () => {
    const { fetcher } = release(hashOf(archive));

    const pins = pinned('0'.repeat(64));
    await expect(downloadDataplane({ fetcher, pins })).rejects.toThrow('the checksum is wrong');
  });

  it('goes by DATAPLANEAPI_SHA256 first', async () => {
    vi.stubEnv('DATAPLANEAPI_SHA256', '1'.repeat(64));
    const { fetcher } = release(hashOf(archive));

    const pins = pinned(hashOf(archive));
    await expect(downloadDataplane({ fetcher, pins })).rejects.toThrow('1'.repeat(64));
  });

  it.each([
    ['is broken', '2'.repeat(64), false],
    ['is as listed', null, true],
  ])(
    'compares with the list of the release where nothing is pinned: %s',
    async (_, listed, taken) => {
      const { fetcher } = release(listed ?? hashOf(archive));

      const done = downloadDataplane({ fetcher, pins: { x64: null, arm64: null } });

      if (taken) expect(readFileSync(await done, 'utf8')).toBe('the program');
      else await expect(done).rejects.toThrow('the checksum is wrong');
    },
  );
});
