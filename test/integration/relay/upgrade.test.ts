import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { allKept, createModeRolls, type Mode, raise, type Steps } from '../../rig/mode-rolls.ts';
import { ownNetwork } from '../../rig/network.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

let members: MembersFile;
let relayKey: string;
beforeEach(() => {
  members = membersFile(join(testFolder(), 'members.json'));
  relayKey = writeRelayKey(testFolder());
});

const filled = 20_000;
const cases = haproxyVersions.map(([title, program]) => [title, program, ownNetwork()] as const);

for (const [title, haproxy, network] of cases) {
  describe(`a rolling update from one mode to the other, HAProxy ${title}`, {
    ...unless(missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll)),
    timeout: 180_000,
  }, () => {
    let last = 0;
    const replica = (mode: Mode, name: string, flags?: readonly string[]) => {
      last += 1;
      const common = {
        haproxy: haproxy ?? '',
        dataplane: null,
        sourceFlags: members.sourceFlags,
      };
      const uid = `uid-of-${name}-${last}`;
      return testReplica(
        mode === 'relay'
          ? { ...common, relayKey, podUid: () => uid, flags: flags ?? ['--relay-upgrade'] }
          : { ...common, ownSource: true },
        name,
        `${network}.${last}`,
      );
    };

    const { rollUnderWrites, lost } = createModeRolls({
      replica,
      setMembers: (...all) => members.set(...all),
    });

    async function start(...of: Steps): Promise<Replica[]> {
      const all = of.map(([mode, name]) => replica(mode, name));
      members.set(...all);
      await raise(...all);
      const [first] = all;
      if (first === undefined) throw new Error('no replica');
      await fillTable(first, filled);
      await allKept(all, filled);
      return all;
    }

    const threeInReload = () => start(['reload', 'a'], ['reload', 'b'], ['reload', 'c']);

    it('reload to relay, and back', unless(onlyInAll), async () => {
      const now = await threeInReload();
      const there = await rollUnderWrites(now, () => [
        ['relay', 'n1'],
        ['relay', 'n2'],
        ['relay', 'n3'],
      ]);
      await allKept(now, filled);
      expect(await lost(now, there)).toEqual([]);
      expect(await Promise.all(now.map((each) => each.reloads()))).toEqual([0, 0, 0]);
      const back = await rollUnderWrites(now, () => [
        ['reload', 'o1'],
        ['reload', 'o2'],
        ['reload', 'o3'],
      ]);
      await allKept(now, filled);
      expect(await lost(now, back)).toEqual([]);
    });

    it('is taken back in the middle', unless(onlyInAll), async () => {
      const now = await threeInReload();
      const acks = await rollUnderWrites(
        now,
        () => [
          ['relay', 'n1'],
          ['relay', 'n2'],
        ],
        () => {
          // Those of the new revision are ended.
          now.reverse();
          return [
            ['reload', 'r1'],
            ['reload', 'r2'],
          ];
        },
      );
      expect(now.map(({ mode }) => mode)).toEqual(['reload', 'reload', 'reload']);
      await allKept(now, filled);
      expect(await lost(now, acks)).toEqual([]);
    });

    it('is not ready beside one in reload mode without a session, also with --repair=false', async () => {
      const a = replica('reload', 'a');
      members.set(a);
      await raise(a);
      const relay = replica('relay', 'r', ['--repair=false', '--join-timeout=500ms']);
      members.set(a, relay);
      await relay.init();
      await relay.start();
      await eventually(() => relay.log().includes('run in the other --mode'), {
        timeoutMs: 20_000,
      });
      expect(await relay.ready()).toBe(false);
    });

    it(
      'what a pod in relay mode has not sent yet is not lost by a reload of its own',
      unless(onlyInAll),
      async () => {
        const [a, r] = [replica('reload', 'a'), replica('relay', 'r')];
        members.set(a);
        await raise(a);
        members.set(a, r);
        await raise(r);
        // Nothing is passed on, so most of it waits when the worker is replaced.
        await stopProcess(r.sidecarPid());
        await fillTable(r, filled);
        await reloadOverMaster(r.masterSocket, { timeoutMs: 10_000 });
        process.kill(r.sidecarPid(), 'SIGCONT');
        await allKept([a, r], filled);
      },
    );

    it(
      'of a StatefulSet: the same names, with other uids and addresses',
      unless(onlyInAll),
      async () => {
        const names = ['web-0', 'web-1', 'web-2'];
        const now = await start(...names.map((name) => ['reload', name] as const));
        for (const mode of ['relay', 'reload'] as const) {
          for (const name of names.toReversed()) {
            const index = now.findIndex((each) => each.name === name);
            await now[index]?.stop();
            members.set(...now.filter((each) => each.name !== name));
            const next = replica(mode, name);
            now[index] = next;
            members.set(...now);
            await raise(next);
            await allKept([next], filled);
          }
          await allKept(now, filled);
        }
      },
    );
  });
}
