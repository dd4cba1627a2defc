import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { kill } from 'node:process';
import { beforeEach, describe, expect, it } from 'vitest';
import { monotonicNow } from '../../../src/clock.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { parseWorker } from '../../../src/haproxy/worker.ts';
import { snapshotsIn } from '../../../src/snapshot/file/folder.ts';
import { SnapshotRefused } from '../../../src/snapshot/file/refusal.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyEnds, onlyInAll, unless } from '../../helpers/skip.ts';
import { readBack } from '../../helpers/snapshot-input.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const cases = [
  ['HAProxy 3.4 and Data Plane API v3', programs.haproxy34, programs.dataplaneV3, ownNetwork()],
  ['HAProxy 3.0 and Data Plane API v2', programs.haproxy30, programs.dataplaneV2, ownNetwork()],
  ['HAProxy 2.6, written directly', programs.haproxy, null, ownNetwork()],
] as const;

/** Each entry with its values, and what is left of it in milliseconds. */
async function entriesOf(
  replica: Replica,
): Promise<ReadonlyMap<string, readonly [string, number]>> {
  const text = await replica.ask('show table sessions');
  const found = text.matchAll(/key=(\S+) use=\d+ exp=(\d+)(?: shard=\d+)? (.*)$/gm);
  return new Map(
    [...found].map(([, key = '', expiry, values = '']) => [key, [values, Number(expiry)] as const]),
  );
}

const workerOf = async (replica: Replica) => parseWorker(await replica.ask('show info'))?.pid;
/** By hand, so that nothing of ours knows of it. HAProxy 2.6 may not hear it when it comes soon after another one. */
const reload = (replica: Replica) =>
  eventually(
    async () => {
      await reloadOverMaster(replica.masterSocket, { timeoutMs: 4000 });
      return true;
    },
    { timeoutMs: 15_000 },
  );
const said = (replica: Replica, text: string) => replica.log().split(text).length - 1;

for (const [title, haproxy, dataplane, network] of cases) {
  const missing = missingOf({ [title]: haproxy && (dataplane === null ? haproxy : dataplane) });
  // A hard-reload is what it takes to learn what another replica has restored.
  const learnsAnew = haproxy !== programs.haproxy;
  const [middle, ends] = [onlyEnds(title), title.includes('3.4') ? undefined : onlyInAll];
  describe(`snapshots in reload mode, ${title}`, unless(missing ?? middle), () => {
    let members: MembersFile;
    let directory: string;
    beforeEach(() => {
      members = membersFile(join(testFolder(), 'members.json'));
      directory = testFolder();
    });

    const replica = (name: string, last: number, interval = '1s') => {
      mkdirSync(join(directory, name), { recursive: true });
      const snapshot = `--snapshot=${join(directory, name)}`;
      return testReplica(
        {
          ...{ haproxy: haproxy ?? '', dataplane: dataplane ?? null },
          sourceFlags: members.sourceFlags,
          initFlags: [snapshot],
          flags: [
            snapshot,
            `--snapshot-interval=${interval}`,
            '--removal-delay=0',
            '--min-reload-interval=0',
            '--burst-window=100ms',
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
      await allReady(all, 40_000);
    }

    const recorded = (where: string, entries: number) =>
      eventually(
        async () => {
          const [newest] = await snapshotsIn(join(directory, where));
          if (newest === undefined) throw new Error('there is none');
          const path = join(directory, where, newest.file);
          const back = await readBack(path);
          if (back instanceof SnapshotRefused) throw back;
          if (back.trailer.entries < entries) throw new Error(`it has ${back.trailer.entries}`);
          return path;
        },
        { timeoutMs: 20_000 },
      );

    it('bring back every entry with its values and what is left of it, after all were killed', {
      timeout: 120_000,
    }, async () => {
      const names = learnsAnew ? ['a', 'b'] : ['a'];
      const all = names.map((name, at) => replica(name, at + 1));
      await raise(...all);
      await fillTable(all.at(-1) as Replica, 3000);
      await recorded('a', 3000);
      expect(await snapshotsIn(join(directory, 'b')).catch(() => [])).toEqual([]);
      const [before, readMs] = [await entriesOf(all[0] as Replica), monotonicNow()];
      await Promise.all(all.map((each) => each.kill()));

      const again = names.map((name, at) => replica(name, at + 11));
      await raise(...again);
      for (const each of again) {
        const entries = await entriesOf(each);
        const passedMs = monotonicNow() - readMs;
        const values = (map: typeof entries) => [...map].map(([key, [text]]) => `${key} ${text}`);
        expect(values(entries).toSorted()).toEqual(values(before).toSorted());
        const off = [...before].map(
          ([key, [, left]]) => left - passedMs - (entries.get(key)?.[1] ?? 0),
        );
        expect(Math.max(...off.map(Math.abs))).toBeLessThan(1000);
      }
      expect(again.map((each) => said(each, 'snapshot restored'))).toEqual(
        learnsAnew ? [1, 0] : [1],
      );
    });

    it('are not restored where a live peer holds entries', {
      ...unless(ends),
      timeout: 120_000,
    }, async () => {
      const a = replica('a', 21);
      await raise(a);
      await fillTable(a, 500);
      const file = await recorded('a', 500);
      mkdirSync(join(directory, 'b'), { recursive: true });
      copyFileSync(file, join(directory, 'b', basename(file)));
      await a.ask('clear table sessions');
      const b = replica('b', 22);
      members.set(a, b);
      await b.init();
      await b.start();
      await allReady([a, b], 40_000);
      expect(await b.entries()).toBe(0);
      expect(said(b, 'snapshot restored')).toBe(0);
      expect(b.log()).toContain('no snapshot is restored');
      expect(readdirSync(join(directory, 'b'))).toEqual([basename(file)]);
    });

    it('are whole and go on through reloads, and restored through reloads', {
      ...unless(onlyInAll),
      timeout: 120_000,
    }, async () => {
      const a = replica('a', 31);
      await raise(a);
      await fillTable(a, 3000);
      const first = await recorded('a', 3000);
      for (let turn = 0; turn < 4; turn++) {
        const before = await workerOf(a);
        await reload(a);
        const isThere = async () => {
          const [now, state] = [await workerOf(a), await a.peers()];
          if (now === before || state?.handedOver !== true)
            throw new Error(`${before} ${now} ${JSON.stringify(state)}`);
          return true;
        };
        await eventually(isThere, { timeoutMs: 15_000 });
      }
      await eventually(async () => (await recorded('a', 3000)) !== first, { timeoutMs: 20_000 });
      expect(await a.ready()).toBe(true);
      await a.kill();
      // Those before are from the time when the table was being filled.
      const later = (await snapshotsIn(join(directory, 'a'))).filter(
        ({ file }) => file > basename(first),
      );
      expect(later.length).toBeGreaterThan(0);
      for (const { file } of later) {
        const back = await readBack(join(directory, 'a', file));
        expect(back instanceof SnapshotRefused ? back.message : back.trailer.entries).toBe(3000);
      }

      const again = replica('a', 32);
      members.set(again);
      await again.init();
      await again.start();
      const reloading = (async () => {
        for (let turn = 0; turn < 8 && said(again, 'snapshot restored') === 0; turn++) {
          await reload(again);
          await new Promise((done) => setTimeout(done, 700));
        }
      })();
      await allReady([again], 60_000);
      await reloading;
      await allReady([again], 20_000);
      expect(await again.entries()).toBe(3000);
    });

    it('are taken once more when the sidecar ends, and restore nothing over what HAProxy has', {
      ...unless(onlyInAll),
      timeout: 120_000,
    }, async () => {
      const a = replica('a', 41, '1h');
      await raise(a);
      await eventually(async () => said(a, 'no snapshot is restored') === 1);
      await fillTable(a, 100);
      kill(a.sidecarPid(), 'SIGTERM');
      await recorded('a', 100);
      await a.ask('clear table sessions');
      await a.killSidecar();
      a.startSidecar();
      await allReady([a], 20_000);
      expect(await a.entries()).toBe(0);
      expect(said(a, 'snapshot restored')).toBe(0);
    });
  });
}
