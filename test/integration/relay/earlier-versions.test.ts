import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { noCommit, programOf } from '../../rig/earlier.ts';
import { membersFile } from '../../rig/members-file.ts';
import { allKept, createModeRolls, type Mode, raise } from '../../rig/mode-rolls.ts';
import { ownNetwork } from '../../rig/network.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;
const filled = 5000;

/** Each is the last one without something that later ones say on a link. */
const earlier = [
  ['986596e', 'no lessons by difference, and no snapshots'],
  ['03e556a^', 'nothing of whether there was a link before'],
] as const;

for (const [commit, lacks] of earlier) {
  const network = ownNetwork();
  const missing = onlyInAll ?? missingOf({ HAProxy: haproxy }) ?? noCommit(commit);
  describe(`sidecars of an earlier version in the same set: ${lacks}`, unless(missing), () => {
    it('are replaced one by one, and taken back, and every entry is kept', async () => {
      const members = membersFile(join(testFolder(), 'members.json'));
      const relayKey = writeRelayKey(testFolder());
      const before = programOf(commit, testFolder());
      let last = 0;
      const replica = (_: Mode, name: string) => {
        last += 1;
        const setting = { haproxy: haproxy ?? '', dataplane: null, relayKey };
        return testReplica(
          {
            ...{ ...setting, sourceFlags: members.sourceFlags },
            ...(name.startsWith('old') ? { main: before } : {}),
          },
          name,
          `${network}.${last}`,
        );
      };
      const { rollUnderWrites, lost } = createModeRolls({
        replica,
        setMembers: (...all) => members.set(...all),
      });
      const relay = (...names: readonly string[]) => names.map((name) => ['relay', name] as const);

      const now = ['old-1', 'old-2', 'old-3'].map((name) => replica('relay', name));
      members.set(...now);
      await raise(...now);
      const [first] = now;
      if (first === undefined) throw new Error('no replica');
      await fillTable(first, filled);
      await allKept(now, filled);
      const acks = await rollUnderWrites(
        now,
        () => relay('new-1', 'new-2'),
        () => {
          // One of the new revision is ended, and one of the old.
          now.reverse();
          return relay('old-4', 'old-5');
        },
        () => relay('new-3', 'new-4', 'new-5'),
      );
      await allKept(now, filled);
      expect(await lost(now, acks)).toEqual([]);
      expect(await Promise.all(now.map((each) => each.reloads()))).toEqual([0, 0, 0]);
      // No link is ended for what another version says.
      const codes = now.map((each) => each.log().match(/"code":"(garbage|version)"/g));
      expect(codes).toEqual([null, null, null]);
    }, 180_000);
  });
}
