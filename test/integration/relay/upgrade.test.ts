import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable, heldEntries, keptEntries } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';
import { type Ack, startWriter } from '../../rig/writer.ts';

let members: MembersFile;
let relayKey: string;
beforeEach(() => {
  members = membersFile(join(testFolder(), 'members.json'));
  relayKey = writeRelayKey(testFolder());
});

type Mode = 'reload' | 'relay';
type Steps = readonly (readonly [Mode, string])[];

/** The old worker ends so long after the master has counted the reload, on a machine with much else to do. */
const oldWorkerMs = 1500;
/** Most keys that one reload may cost. */
const perReload = 5;

interface Reload {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** When HAProxy of each is reloaded, as its master counts it, with a moment for the end of the old worker. */
function watchReloads(all: () => readonly Replica[]) {
  const reloads: Reload[] = [];
  const seen = new Map<Replica, { readonly count: number; readonly atMs: number }>();
  const look = async (each: Replica) => {
    const count = await each.reloads().catch(() => null);
    if (count === null) return;
    const before = seen.get(each);
    const atMs = Date.now();
    if (before !== undefined && count > before.count)
      reloads.push({ name: each.name, fromMs: before.atMs, toMs: atMs + oldWorkerMs });
    seen.set(each, { count, atMs });
  };
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await Promise.all(all().map(look));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    reloads,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

const filled = 20_000;
const cases = haproxyVersions.map(([title, program]) => [title, program, ownNetwork()] as const);

for (const [title, haproxy, network] of cases) {
  describe(`a rolling update from one mode to the other, HAProxy ${title}`, {
    ...unless(missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll)),
    timeout: 180_000,
  }, () => {
    let last = 0;
    let reloads: readonly Reload[] = [];
    const replica = (mode: Mode, name: string) => {
      last += 1;
      const common = {
        haproxy: haproxy ?? '',
        dataplane: null,
        sourceFlags: members.sourceFlags,
      };
      const uid = `uid-of-${name}-${last}`;
      return testReplica(
        mode === 'relay'
          ? { ...common, relayKey, podUid: () => uid, flags: ['--relay-upgrade'] }
          : { ...common, ownSource: true },
        name,
        `${network}.${last}`,
      );
    };

    async function raise(...all: readonly Replica[]): Promise<void> {
      await Promise.all(all.map((each) => each.init()));
      await Promise.all(all.map((each) => each.start()));
      await allReady(all, 40_000);
    }

    /** One after the other: each new one is ready, and no client writes to the old one any more, before that goes. */
    async function roll(now: Replica[], acks: readonly Ack[], ...steps: Steps) {
      for (const [mode, name] of steps) {
        const next = replica(mode, name);
        members.set(...now, next);
        await raise(next);
        const old = now.shift();
        now.push(next);
        await lost(
          now,
          acks.filter((ack) => ack.replica === old?.name),
        );
        await old?.stop();
        members.set(...now);
      }
    }

    /** New keys on all of `now` over HTTP meanwhile: those that were answered. */
    async function rollUnderWrites(now: Replica[], ...rolls: readonly (() => Steps)[]) {
      const writer = startWriter({ targets: () => now, perSecond: 200 });
      const watcher = watchReloads(() => now);
      ({ reloads } = watcher);
      try {
        for (const steps of rolls) await roll(now, writer.acks, ...steps());
      } finally {
        await Promise.all([writer.stop(), watcher.stop()]);
      }
      return writer.acks;
    }

    /**
     * Keys that somebody lacks after the time that updates need, but for those that a replica in reload mode wrote during a
     * reload of its own: what the old worker writes last stays with it, in reload mode as well.
     */
    async function lost(now: readonly Replica[], acks: readonly Ack[]) {
      const own = ({ replica: name, atMs }: Ack) =>
        reloads.some((one) => one.name === name && atMs >= one.fromMs && atMs <= one.toMs);
      let missing: readonly string[] = [];
      const look = async () => {
        const held = await Promise.all(now.map((each) => heldEntries(each)));
        const lines = acks.flatMap((ack) => {
          const lacking = now.filter((_, index) => !held[index]?.has(ack.key));
          if (lacking.length === 0) return [];
          const who = lacking.map(({ name }) => name).join(', ');
          const at = new Date(ack.atMs).toISOString();
          return [{ ack, text: `${ack.key} of ${ack.replica} at ${at}: ${who}` }];
        });
        const others = lines.filter(({ ack }) => !own(ack));
        const tooMany = lines.length - others.length > perReload * reloads.length;
        missing = (tooMany ? lines : others).map(({ text }) => text);
        return missing.length === 0;
      };
      await eventually(look, { timeoutMs: 5000, intervalMs: 500 }).catch(() => {});
      return missing;
    }

    const allKept = (now: readonly Replica[]) =>
      eventually(async () => {
        const kept = await Promise.all(now.map((each) => keptEntries(each, filled)));
        if (kept.some((count) => count !== filled)) throw new Error(`kept: ${kept.join(', ')}`);
        return true;
      });

    async function start(...of: Steps): Promise<Replica[]> {
      const all = of.map(([mode, name]) => replica(mode, name));
      members.set(...all);
      await raise(...all);
      const [first] = all;
      if (first === undefined) throw new Error('no replica');
      await fillTable(first, filled);
      await allKept(all);
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
      await allKept(now);
      expect(await lost(now, there)).toEqual([]);
      expect(await Promise.all(now.map((each) => each.reloads()))).toEqual([0, 0, 0]);
      const back = await rollUnderWrites(now, () => [
        ['reload', 'o1'],
        ['reload', 'o2'],
        ['reload', 'o3'],
      ]);
      await allKept(now);
      expect(await lost(now, back)).toEqual([]);
    });

    it('is taken back in the middle', async () => {
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
      await allKept(now);
      expect(await lost(now, acks)).toEqual([]);
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
        await allKept([a, r]);
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
            await allKept([next]);
          }
          await allKept(now);
        }
      },
    );
  });
}
