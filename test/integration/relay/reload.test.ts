import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { geteuid } from 'node:process';
import { beforeEach, expect, it } from 'vitest';
import { command } from '../../../src/haproxy/socket.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { defaultPorts, type Replica } from '../../rig/replica.ts';
import { fillTable, keptEntries } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

let members: MembersFile;
let relayKey: string;
beforeEach(() => {
  members = membersFile(join(testFolder(), 'members.json'));
  relayKey = join(testFolder(), 'key');
  writeFileSync(relayKey, randomBytes(32).toString('base64'), { mode: 0o600 });
});

const cases = haproxyVersions.map(([title, program]) => [title, program, ownNetwork()] as const);
const noRoot = geteuid?.() === 0 ? undefined : 'no root';
const ways = [
  ['over a unix socket', () => '', /^ *bind unix@/m, undefined],
  [
    'with chroot, over the loopback',
    (folder: string) => `\n  chroot ${folder}`,
    /^ *chroot[\s\S]*bind 127\.0\.0\.1:310/m,
    noRoot,
  ],
] as const;

/** By hand, as a user would: nothing of ours knows of it. */
async function reload({ masterSocket, adminSocket }: Replica): Promise<void> {
  const limits = { timeoutMs: 5000, signal: AbortSignal.timeout(20_000) };
  const pid = async () =>
    /^Pid: (\d+)/m.exec(await command(adminSocket, 'show info', limits))?.[1] ?? '';
  const before = await pid();
  await command(masterSocket, 'reload', limits).catch(() => '');
  await eventually(async () => {
    const now = await pid();
    return now !== '' && now !== before;
  });
}

for (const [title, haproxy, network] of cases)
  for (const [way, global, bind, missing] of ways)
    it(
      `HAProxy ${title} that is reloaded by hand keeps all, and its sibling too, ${way}`,
      unless(
        missingOf({ [title]: haproxy }) ?? missing ?? (title === '3.4' ? undefined : onlyInAll),
      ),
      async () => {
        const [a, b] = [1, 2].map((last) => {
          const replica = testReplica(
            {
              ...{ haproxy: haproxy ?? '', dataplane: null, relayKey },
              sourceFlags: members.sourceFlags,
              // Of the loopback, which pods do not share and these two do.
              ports: { ...defaultPorts, peers: defaultPorts.peers + 100 + last },
            },
            `web-${last}`,
            `${network}.${last}`,
          );
          const folder = dirname(dirname(replica.configFile));
          const file = join(folder, 'template.cfg');
          const text = readFileSync(file, 'utf8');
          writeFileSync(file, text.replace(/^global$/m, `global${global(folder)}`));
          return replica;
        }) as [Replica, Replica];
        const all = [a, b];
        members.set(...all);
        await Promise.all(all.map((each) => each.init()));
        for (const { configFile } of all) expect(readFileSync(configFile, 'utf8')).toMatch(bind);
        await Promise.all(all.map((each) => each.start()));
        await allReady(all);
        await fillTable(a, 5000);
        await eventually(async () => (await keptEntries(b, 5000)) === 5000);

        await reload(a);

        await eventually(async () => (await keptEntries(a, 5000)) === 5000);
        await fillTable(a, 6000);
        await eventually(async () => (await keptEntries(b, 6000)) === 6000);
        expect(await keptEntries(a, 6000)).toBe(6000);
      },
    );
