import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { parseWorker } from '../../../src/haproxy/worker.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable, keptEntries } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const entries = 5000;
/** So many that a new worker takes a while to take them over. */
const many = 200_000;
const probeMs = 20;
const cases = [
  ['HAProxy 3.4', programs.haproxy34, programs.dataplaneV3 ?? null, ownNetwork()],
  ['HAProxy 3.0', programs.haproxy30, programs.dataplaneV3 ?? null, ownNetwork()],
  ['HAProxy on the path', programs.haproxy, null, ownNetwork()],
] as const;

let members: MembersFile;
beforeEach(() => {
  members = membersFile(join(testFolder(), 'members.json'));
});

for (const [title, haproxy, dataplane, network] of cases) {
  const often = unless(title.includes('3.4') ? undefined : onlyInAll);
  describe(
    `a replica whose HAProxy ends and starts anew, ${title}`,
    unless(missingOf({ [title]: haproxy }) ?? (title.includes('3.4') ? undefined : onlyInAll)),
    () => {
      /** Two replicas that are ready and hold entries. */
      async function pair(count: number): Promise<readonly [Replica, Replica]> {
        const { sourceFlags } = members;
        const setting = { haproxy: haproxy ?? '', dataplane, sourceFlags };
        const a = testReplica(setting, 'a', `${network}.1`);
        const b = testReplica(setting, 'b', `${network}.2`);
        members.set(a, b);
        for (const each of [a, b]) await each.init();
        await Promise.all([a.start(), b.start()]);
        await allReady([a, b], 40_000);
        await fillTable(a, count);
        await eventually(async () => (await b.entries()) === count, { timeoutMs: 30_000 });
        return [a, b];
      }

      const workerOf = async (replica: Replica) => parseWorker(await replica.ask('show info'));

      /** Until another worker than `before` has taken over from it. */
      async function takenOver(replica: Replica, before: Awaited<ReturnType<typeof workerOf>>) {
        await eventually(
          async () => {
            if ((await workerOf(replica))?.pid === before?.pid) return false;
            return (await replica.peers())?.handedOver === true;
          },
          { timeoutMs: 30_000 },
        );
      }

      it('is not ready while it is away, and ready again with what its sibling holds', async () => {
        const [a, b] = await pair(entries);

        await a.killHaproxy();
        await eventually(async () => !(await a.ready()), { timeoutMs: 5000 });
        expect(a.log()).toContain('HAProxy does not run');
        await a.startHaproxy();
        await allReady([a], 40_000);

        expect(await keptEntries(a, entries)).toBe(entries);
        expect(await b.ready()).toBe(true);
      }, 120_000);

      it('is noticed when it is back before anybody looks, and all at once become ready again', {
        ...often,
        timeout: 120_000,
      }, async () => {
        const [a, b] = await pair(entries);

        await Promise.all([a.killHaproxy(), b.killHaproxy()]);
        await Promise.all([a.startHaproxy(), b.startHaproxy()]);
        await eventually(async () => !(await a.ready()) && !(await b.ready()), {
          timeoutMs: 5000,
          intervalMs: 20,
        });
        await allReady([a, b], 40_000);

        expect(a.log()).toContain('HAProxy was started anew');
      });

      it('becomes ready again while nobody tells who the members are', {
        ...often,
        timeout: 120_000,
      }, async () => {
        const [a] = await pair(entries);

        rmSync(members.path);
        await eventually(() => a.log().includes('no such file'), { timeoutMs: 20_000 });
        await a.killHaproxy();
        await eventually(async () => !(await a.ready()), { timeoutMs: 5000 });
        await a.startHaproxy();
        await allReady([a], 40_000);

        expect(await keptEntries(a, entries)).toBe(entries);
      });

      it('is another thing than a reload by anybody, which no probe notices', {
        ...often,
        timeout: 180_000,
      }, async () => {
        const [a, b] = await pair(many);
        const probes = probing(a);

        for (let round = 0; round < 3; round++) {
          const before = await workerOf(a);
          await reloadOverMaster(a.masterSocket);
          await takenOver(a, before);
        }
        const before = await workerOf(a);
        members.set(a, b, { name: 'c', address: `${network}.3` });
        await takenOver(a, before);
        await eventually(() => a.log().includes('"peers section changed"'), {
          timeoutMs: 20_000,
        });

        expect(await probes.stop()).toMatchObject({ refused: 0 });
        expect(a.log()).not.toContain('not ready any more');
        expect(await keptEntries(a, many)).toBe(many);
      });

      it('is told from a reload by a sidecar that was away, too', {
        ...often,
        timeout: 120_000,
      }, async () => {
        const [a] = await pair(entries);

        await a.killSidecar();
        const before = await workerOf(a);
        await reloadOverMaster(a.masterSocket);
        await takenOver(a, before);
        a.startSidecar();
        await eventually(() => a.log().includes('was ready before this sidecar started'));
        await eventually(() => a.ready());
        expect(a.log()).not.toContain('not ready any more');

        await a.killSidecar();
        await a.killHaproxy();
        await a.startHaproxy();
        a.startSidecar();
        await allReady([a], 40_000);
        expect(a.log().match(/was ready before this sidecar started/g)).toHaveLength(1);
        expect(await keptEntries(a, entries)).toBe(entries);
      });
    },
  );
}

/** Asks for the readiness again and again, as kubelet does, if faster. */
function probing(replica: Replica) {
  const seen = { asked: 0, refused: 0 };
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      seen.asked += 1;
      if (!(await replica.ready())) seen.refused += 1;
      await new Promise((resolve) => setTimeout(resolve, probeMs));
    }
    return seen;
  })();
  return {
    stop() {
      stopped = true;
      return loop;
    },
  };
}
