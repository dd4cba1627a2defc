import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../../src/clock.ts';
import { sumsSection } from '../../../src/config-text/sums-section.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { parseShowPeers } from '../../../src/haproxy/show-peers.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions, programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';
import {
  entry,
  request,
  startSumsSet,
  statusOf,
  summed,
  sumsSections,
  times,
} from '../../rig/test-sums-set.ts';

/** How the lesson of its section for sums has ended. */
async function resyncOf(replica: Replica) {
  const sections = parseShowPeers(await replica.ask('show peers'));
  return sections.find(({ section }) => section === sumsSection)?.resync;
}

/** One client on each of them in turn. How many requests were not refused. */
async function overload(all: readonly Replica[]): Promise<number> {
  let passed = 0;
  for (let round = 0; round < 60; round++) {
    const answers = await Promise.all(all.map((each) => request(each, 'c', '/limit')));
    passed += answers.filter((status) => status === 200).length;
    await sleep(10);
  }
  return passed;
}

for (const [title, haproxy] of haproxyVersions) {
  const network = ownNetwork();
  describe(
    `sums of whole sidecars in relay mode, HAProxy ${title}`,
    // HAProxy's side of it is played with each version in each run (replicas.test.ts).
    unless(missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll)),
    () => {
      const startSet = (flags?: (name: string) => readonly string[]) =>
        startSumsSet({ haproxy, network, ...(flags && { flags }) });

      it('hold what was counted on all of them, through killed sidecars and HAProxys and a pod that is replaced, and limit one client on all', async () => {
        const { now, join: bring, leave } = startSet();
        const joined = await bring('a', 'b', 'c');
        const [a, b, c] = joined as [Replica, Replica, Replica];
        // The sidecar has told it all there is: HAProxy itself would give up after 5 s, and be alone.
        for (const each of joined) expect(await resyncOf(each)).toBe('learned');
        await times(20, a, 'k');
        await times(5, b, 'k');
        const behindMs = await summed(now, 'k', 25);
        console.log(`HAProxy ${title}: in the sums of all after ${behindMs.toFixed(0)} ms`);
        expect(await entry(a, 'rate.others', 'k')).toMatchObject({ http_req_cnt: 5 });
        expect(await entry(c, 'rate.others', 'k')).toMatchObject({ http_req_cnt: 25 });

        await b.killSidecar();
        await times(3, b, 'k');
        await times(4, c, 'k');
        await summed([a], 'k', 29);
        b.startSidecar();
        await summed(now, 'k', 32);

        // What it had counted counts on until it expires; the next one is another origin.
        await c.killHaproxy();
        await c.startHaproxy();
        await times(10, c, 'k');
        await summed(now, 'k', 42);

        await leave(a);
        const next = await bring('d');
        await summed(now, 'k', 42);
        for (const each of next) await times(1, each, 'k');
        await summed(now, 'k', 43);
        expect(await b.reloads()).toBe(0);

        // Of your own: with 3.0 and later what peers share is handed over, and this begins anew.
        await fillTable(b, 100);
        await reloadOverMaster(b.masterSocket);
        await eventually(async () => (await b.reloads()) === 1 && (await b.entries()) === 100);
        await times(2, b, 'k');
        await summed(now, 'k', 45);
        const status = await statusOf(b);
        expect(status).toMatchObject({ aggregate: { current: true, links: 2 } });
        expect(status.troubles ?? []).toEqual([]);

        const passed = await overload(now);
        console.log(`HAProxy ${title}: ${passed} of 180 requests passed a limit of 100`);
        expect(passed).toBeGreaterThanOrEqual(100);
        // Every one of them knows it, whoever is asked.
        await eventually(async () => {
          for (const each of now) expect(await request(each, 'c', '/limit')).toBe(429);
          return true;
        });
      });

      it('are those of who has them, where some of the set do not', unless(onlyInAll), async () => {
        const { join: bring } = startSet((name) => (name === 'old' ? [] : ['--aggregate']));
        const joined = await bring('a', 'b', 'old');
        const [a, b, old] = joined as [Replica, Replica, Replica];
        await times(3, a, 'k');
        await times(4, b, 'k');
        await times(5, old, 'k');
        await summed([a, b], 'k', 7);
        expect(await entry(old, 'rate.sum', 'k')).toBeNull();
        const status = await statusOf(a);
        expect(status).toMatchObject({
          troubles: [
            expect.stringMatching(/^no sums of old: its sidecar runs without --aggregate/),
          ],
        });
      });
    },
  );
}

for (const [title, haproxy] of haproxyVersions) {
  const network = ownNetwork();
  const dataplane = programs.dataplaneV3;
  describe(
    `sums of whole sidecars in reload mode, HAProxy ${title}`,
    unless(
      missingOf({ [title]: haproxy, 'Data Plane API v3': dataplane }) ??
        (title === '3.4' ? undefined : onlyInAll),
    ),
    () => {
      it('hold what was counted on all of them, through the reloads for a pod that joins', async () => {
        const members = membersFile(join(testFolder(), 'members.json'));
        const key = writeRelayKey(testFolder());
        const [a, b, c] = ['a', 'b', 'c'].map((name, index) => {
          const address = `${network}.${index + 1}`;
          const own = ['--aggregate', `--relay-key-file=${key}`, `--pod-uid=uid-of-${name}`];
          return testReplica(
            {
              ...{ haproxy: haproxy ?? '', dataplane: dataplane ?? null },
              ...{ sourceFlags: members.sourceFlags, sections: sumsSections(address) },
              ...{ flags: own, initFlags: own },
            },
            name,
            address,
          );
        }) as [Replica, Replica, Replica];
        members.set(a, b);
        await Promise.all([a.init(), b.init()]);
        await Promise.all([a.start(), b.start()]);
        await allReady([a, b], 20_000);
        await times(20, a, 'k');
        await times(5, b, 'k');
        await summed([a, b], 'k', 25);

        members.set(a, b, c);
        await c.init();
        await c.start();
        await allReady([c], 20_000);
        await times(7, c, 'k');
        await summed([a, b, c], 'k', 32);
        expect([await a.reloads(), await b.reloads()]).toEqual([1, 1]);
        await times(1, a, 'k');
        await summed([a, b, c], 'k', 33);
        const status = await statusOf(a);
        expect(status).toMatchObject({ mode: 'reload', aggregate: { current: true, links: 2 } });
        expect(status.troubles ?? []).toEqual([]);
      });
    },
  );
}
