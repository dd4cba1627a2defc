import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLog } from '../../src/log.ts';
import { createFileSource } from '../../src/sources/file.ts';
import { testFolder } from '../helpers/test-folder.ts';
import { sourceContract } from './source.case.ts';

sourceContract('file', {
  async createOrigin() {
    const path = join(testFolder(), 'members.yaml');
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
