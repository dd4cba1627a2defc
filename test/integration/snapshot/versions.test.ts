import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import { done, valueAt } from '../../rig/snapshot-command.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const network = ownNetwork();
const missing = missingOf(Object.fromEntries(haproxyVersions));

it('a snapshot of each HAProxy is restored by each of the others', {
  ...unless(missing ?? onlyInAll),
  timeout: 120_000,
}, async () => {
  const folder = testFolder();
  const members = membersFile(join(folder, 'members.json'));
  const relayKey = writeRelayKey(folder);
  const directory = join(folder, 'snapshots');
  mkdirSync(directory);
  const [newest, middle, oldest] = haproxyVersions.map(([, program]) => program ?? '');
  // Each follows each of the two others once.
  const all = [oldest, newest, middle, oldest, middle, newest, oldest];
  for (const [turn, haproxy = ''] of all.entries()) {
    const setting = { haproxy, dataplane: null, relayKey, sourceFlags: members.sourceFlags };
    const flags = [`--snapshot=${directory}`, '--snapshot-interval=1h'];
    const one = testReplica({ ...setting, flags }, `web-${turn}`, `${network}.${turn + 1}`);
    members.set(one);
    await one.init();
    await one.start();
    await allReady([one], 20_000);
    if (turn === 0) {
      await fillTable(one, 1000);
      await one.ask('set table sessions key known data.gpc0 7');
    }
    expect([await one.entries(), await valueAt(one, 'known')]).toEqual([1001, '7']);
    await done(one, directory, 'take');
    await one.kill();
  }
});
