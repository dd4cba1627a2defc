import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
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

/** From the log of its sidecar: when HAProxy was reloaded, with a moment for the end of the old worker. */
function reloadsOf({ name, log }: Replica) {
  return [...log().matchAll(/^\{.*"reloaded":true.*\}$/gm)].map(([line]) => {
    const { time, ms } = JSON.parse(line) as { readonly time: string; readonly ms: number };
    const toMs = Date.parse(time) + 200;
    return { name, fromMs: toMs - ms - 400, toMs };
  });
}

const filled = 20_000;
const cases = haproxyVersions.map(([title, program]) => [title, program, ownNetwork()] as const);

for (const [title, haproxy, network] of cases) {
  describe(
    `a rolling update from one mode to the other, HAProxy ${title}`,
    unless(missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll)),
    () => {
      let last = 0;
      const everybody: Replica[] = [];
      const replica = (mode: Mode, name: string) => {
        last += 1;
        const common = {
          haproxy: haproxy ?? '',
          dataplane: null,
          sourceFlags: members.sourceFlags,
        };
        const uid = `uid-of-${name}-${last}`;
        const made = testReplica(
          mode === 'relay'
            ? { ...common, relayKey, podUid: () => uid, flags: ['--relay-upgrade'] }
            : { ...common, ownSource: true },
          name,
          `${network}.${last}`,
        );
        everybody.push(made);
        return made;
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
        const all = async () => {
          for (const steps of rolls) await roll(now, writer.acks, ...steps());
        };
        await all().finally(() => writer.stop());
        return writer.acks;
      }

      /**
       * Keys that somebody lacks after the time that updates need, but for those that a replica in reload mode wrote during a
       * reload of its own: what the old worker writes last stays with it, in reload mode as well.
       */
      async function lost(now: readonly Replica[], acks: readonly Ack[]) {
        const reloads = everybody.flatMap((each) => reloadsOf(each));
        const own = ({ replica: name, atMs }: Ack) =>
          reloads.some((one) => one.name === name && atMs >= one.fromMs && atMs <= one.toMs);
        let missing: readonly string[] = [];
        const look = async () => {
          const held = await Promise.all(now.map((each) => heldEntries(each)));
          missing = acks.flatMap((ack) => {
            const lacking = now.filter((_, index) => !held[index]?.has(ack.key));
            if (lacking.length === 0 || own(ack)) return [];
            const who = lacking.map(({ name }) => name).join(', ');
            return [`${ack.key} of ${ack.replica} at ${new Date(ack.atMs).toISOString()}: ${who}`];
          });
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

      it('reload to relay, and back', async () => {
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
        await allKept(now);
        expect(await lost(now, acks)).toEqual([]);
      });

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
    },
  );
}
