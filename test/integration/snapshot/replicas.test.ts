import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { snapshotsIn } from '../../../src/snapshot/file/folder.ts';
import { SnapshotRefused } from '../../../src/snapshot/file/refusal.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { readBack } from '../../helpers/snapshot-input.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const cases = haproxyVersions.map(([title, program]) => [title, program, ownNetwork()] as const);

describe.each(cases)('whole replicas with snapshots, HAProxy %s', (title, haproxy, network) => {
  const missing = missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll);
  // The sessions themselves are played with each version in each run (relay.test.ts).
  describe('real', unless(missing), () => {
    let members: MembersFile;
    let relayKey: string;
    let directory: string;
    let keyFile: string;
    beforeEach(() => {
      members = membersFile(join(testFolder(), 'members.json'));
      relayKey = writeRelayKey(testFolder());
      directory = testFolder();
      keyFile = join(testFolder(), 'snapshot-key');
      writeFileSync(
        keyFile,
        `${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}\n`,
      );
    });

    /** `where`: of the volume of that replica, or of all. */
    const replica = (name: string, last: number, where: string) => {
      mkdirSync(join(directory, where), { recursive: true });
      return testReplica(
        {
          ...{ haproxy: haproxy ?? '', dataplane: null, relayKey },
          sourceFlags: members.sourceFlags,
          flags: [
            `--snapshot=${join(directory, where)}`,
            '--snapshot-interval=1s',
            `--snapshot-key-file=${keyFile}`,
          ],
        },
        name,
        `${network}.${last}`,
      );
    };

    async function raise(...all: readonly Replica[]): Promise<void> {
      members.set(...all);
      await Promise.all(all.map((each) => each.init()));
      await Promise.all(all.map((each) => each.start()));
      await allReady(all, 20_000);
    }

    const recorded = (where: string, entries: number) =>
      eventually(
        async () => {
          const [newest] = await snapshotsIn(join(directory, where));
          if (newest === undefined) throw new Error('there is none');
          const path = join(directory, where, newest.file);
          const back = await readBack(path, [Buffer.from('0123456789abcdef0123456789abcdef')]);
          if (back instanceof SnapshotRefused) throw back;
          return back.trailer.entries >= entries && path;
        },
        { timeoutMs: 20_000 },
      );

    it('that are all killed at once hold every entry again, from one encrypted volume of all', async () => {
      const all = ['a', 'b', 'c'].map((name, at) => replica(name, at + 1, 'all'));
      await raise(...all);
      await fillTable(all[1] as Replica, 20_000);
      const path = await recorded('all', 20_000);
      expect(statSync(path).mode & 0o7777).toBe(0o600);
      await Promise.all(all.map((each) => each.kill()));

      const again = ['a', 'b', 'c'].map((name, at) => replica(name, at + 11, 'all'));
      await raise(...again);
      expect(await Promise.all(again.map((each) => each.entries()))).toEqual([
        20_000, 20_000, 20_000,
      ]);
      expect(again.map((each) => each.log().match(/snapshot restored/g)?.length ?? 0)).toEqual([
        1, 0, 0,
      ]);
      // Encrypted or not, no log has a key, of a table or of the file.
      for (const { log } of again)
        expect(log()).not.toContain(readFileSync(keyFile, 'utf8').trim());
    });

    it('of which every HAProxy crashes again and again are not ready without every entry', async () => {
      const all = ['a', 'b', 'c'].map((name, at) => replica(name, at + 21, name));
      await raise(...all);
      await fillTable(all[1] as Replica, 5000);
      await recorded('a', 5000);
      // Who asks whom first, and who looks first, differs each time.
      for (let round = 1; round <= 4; round++) {
        await Promise.all(all.map((each) => each.killHaproxy()));
        // Sooner than kubelet can start HAProxy anew, and call it ready.
        await eventually(
          async () => {
            const ready = await Promise.all(all.map((each) => each.ready()));
            return ready.every((is) => !is);
          },
          { timeoutMs: 1500, intervalMs: 20 },
        );
        await Promise.all(all.map((each) => each.startHaproxy()));
        const held = await Promise.all(
          all.map(async (each) => {
            await eventually(() => each.ready(), { timeoutMs: 20_000, intervalMs: 10 });
            return each.entries();
          }),
        );
        expect(held, `round ${round}`).toEqual([5000, 5000, 5000]);
      }
      const restores = [...(all[0]?.log() ?? '').matchAll(/"ms":(\d+),"msg":"snapshot restored"/g)];
      expect(restores).toHaveLength(4);
      // Not once after the 3 s that HAProxy can take until it asks the next one of its peers.
      for (const [, ms] of restores) expect(Number(ms)).toBeLessThan(2500);
    });

    it('whose sidecar is killed and starts again restore nothing over what HAProxy has', async () => {
      const a = replica('a', 31, 'a');
      await raise(a);
      await fillTable(a, 100);
      await recorded('a', 100);
      await a.killSidecar();
      await a.ask('clear table sessions');
      a.startSidecar();
      await allReady([a], 20_000);
      expect(await a.entries()).toBe(0);
    });
  });
});
