import { randomBytes } from 'node:crypto';
import { argv, kill, pid } from 'node:process';
import {
  disk,
  type SnapshotDisk,
  writeSnapshot,
} from '../../../../src/snapshot/file/write-snapshot.ts';
import { headerOf } from '../../../helpers/snapshot-input.ts';

/** Writes a snapshot in DIRECTORY and kills itself after that STEP. */
const [, , directory = '', step = ''] = argv;
const die = (at: string): void => {
  if (at === step) kill(pid, 'SIGKILL');
};

const fs: SnapshotDisk = {
  ...disk,
  async open(...args) {
    const file = await disk.open(...args);
    const sync = file.sync.bind(file);
    return Object.assign(file, {
      async sync() {
        await sync();
        die('synced');
      },
    });
  },
  async rename(from, to) {
    await disk.rename(from, to);
    die('renamed');
  },
};
const writer = await writeSnapshot({ directory, header: headerOf({ sequence: 2 }), disk: fs });
die('opened');
for (let at = 0; at < 20; at += 1) await writer.add(randomBytes(64 * 1024), at);
die('chunk');
await writer.finish({ entries: 20, tookMs: 20 });
