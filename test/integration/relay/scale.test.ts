import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allHold, allReady } from '../../rig/raise.ts';
import { writeSteadily } from '../../rig/relay-writer.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

for (const [title, haproxy] of haproxyVersions) {
  describe(`3, 30 and 3 replicas in relay mode, HAProxy ${title}`, () => {
    const missing = missingOf({ [title]: haproxy }) ?? onlyInAll;
    it('keep every entry, also what is written meanwhile, and reload nothing', {
      ...unless(missing),
      timeout: 300_000,
    }, async () => {
      const members = membersFile(join(testFolder(), 'members.json'));
      const relayKey = join(testFolder(), 'key');
      writeFileSync(relayKey, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
      const network = ownNetwork();
      const all = Array.from({ length: 30 }, (_, at) =>
        testReplica(
          {
            ...{ haproxy: haproxy ?? '', dataplane: null, relayKey },
            ...{ sourceFlags: members.sourceFlags, podUid: () => `uid-of-r${at}` },
          },
          `r${at}`,
          `${network}.${at + 1}`,
        ),
      );
      const [first, ...others] = all;
      if (first === undefined) throw new Error('no replica');
      const raise = async (some: readonly Replica[]) => {
        await Promise.all(some.map((each) => each.init()));
        await Promise.all(some.map((each) => each.start()));
        await allReady(some, 120_000);
      };

      const three = [first, ...others.slice(0, 2)];
      members.set(...three);
      await raise(three);
      await fillTable(first, 20_000);
      await allHold(three, 20_000, 60_000);

      const writer = writeSteadily(first.adminSocket, 100, (at) => `live${at}`);
      members.set(...all);
      await raise(all.slice(3));
      // Those that go are of all ages, and one of the first three is among them.
      const staying = [first, ...all.slice(16, 18)];
      members.set(...staying);
      await Promise.all(all.filter((each) => !staying.includes(each)).map((each) => each.stop()));
      await writer.stop();
      expect(writer.written).toBeGreaterThan(100);
      await allHold(staying, 20_000 + writer.written, 60_000);
      expect(await Promise.all(staying.map((each) => each.reloads()))).toEqual([0, 0, 0]);

      const next = all[5];
      if (next === undefined) throw new Error('no replica');
      members.set(...staying, next);
      await raise([next]);
      expect(await next.entries()).toBe(20_000 + writer.written);
    });
  });
}
