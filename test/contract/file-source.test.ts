import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../src/log.ts';
import { createFileSource } from '../../src/sources/file.ts';
import { sourceContract } from './source.case.ts';

let directory = '';

sourceContract('file', {
  async setUp() {
    directory = await mkdtemp(join(tmpdir(), 'file-source-'));
  },
  tearDown: () => rm(directory, { recursive: true }),
  async createOrigin() {
    const path = join(await mkdtemp(join(directory, 'origin-')), 'members.yaml');
    return {
      async set(members) {
        await writeFile(`${path}.new`, JSON.stringify(members));
        await rename(`${path}.new`, path);
      },
      vanish: () => rename(path, `${path}.away`),
      comeBack: () => rename(`${path}.away`, path),
      createSource: (self) =>
        createFileSource({ path, self, log: createLog('silent'), pollMs: 60_000 }),
    };
  },
});
