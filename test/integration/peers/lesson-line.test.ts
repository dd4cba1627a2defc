import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordLesson } from '../../../src/lesson/record.ts';
import { lessonPlaceOf } from '../../../src/modules/peers/lesson-leg.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { sectionName } from '../../rig/haproxy-stand.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { raise } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const cases = [
  ['HAProxy 3.4 and Data Plane API v3', programs.haproxy34, programs.dataplaneV3, ownNetwork()],
  ['HAProxy 3.0 and Data Plane API v2', programs.haproxy30, programs.dataplaneV2, ownNetwork()],
  ['HAProxy on the path, written directly', programs.haproxy, null, ownNetwork()],
] as const;

const entries = 500;
const lessons = ['--lessons', '--pod-uid=uid-of-a', '--relay-plaintext'];
const textOf = (replica: Replica) => readFileSync(replica.configFile, 'utf8');
const lessonLines = (replica: Replica) => textOf(replica).match(/^.*\blesson\b.*$/gm) ?? [];
const peersOf = async (replica: Replica) =>
  ((await replica.peers())?.peers ?? []).map(({ name }) => name).toSorted();

for (const [title, haproxy, dataplane, network] of cases) {
  const missing = missingOf({ [title]: haproxy && (dataplane === null ? haproxy : dataplane) });
  const often = title.includes('v2') ? onlyInAll : undefined;
  describe(`the line for lessons, ${title}`, unless(missing ?? often), () => {
    it('costs no reload, is no peer, stays as it is, and HAProxy tries it once', async () => {
      const members = membersFile(join(testFolder(), 'members.json'));
      const setting = {
        ...{ haproxy: haproxy ?? '', dataplane: dataplane ?? null },
        sourceFlags: members.sourceFlags,
        flags: [...lessons, '--removal-delay=0', '--min-reload-interval=0', '--burst-window=100ms'],
        initFlags: lessons,
      };
      const a = testReplica(setting, 'a', `${network}.1`);
      /** It never runs: nobody is waited for. */
      const b = { name: 'b', address: `${network}.2` };
      members.set(a);
      await raise(a);
      const line = `    peer lesson ${a.address}:${a.ports.peers}`;
      expect(lessonLines(a)).toEqual([line]);
      // Told at once that there is nothing, in place of 5 s after which it would say that it is alone.
      expect((await a.peers())?.resync).toBe('learned');
      await fillTable(a, entries);

      members.set(a, b);
      await eventually(async () => (await peersOf(a)).join() === 'a,b', { timeoutMs: 20_000 });
      members.set(a);
      await eventually(async () => (await peersOf(a)).join() === 'a', { timeoutMs: 20_000 });

      await eventually(async () => (await a.reloads()) === 2);
      expect(lessonLines(a).map((each) => each.trim())).toEqual([line.trim()]);
      expect((await a.peers())?.hasLesson).toBe(true);
      const url = `http://${a.address}:${a.ports.probe}/status`;
      await eventually(async () => {
        const { section, peers } = (await (await fetch(url)).json()) as Record<string, unknown>;
        expect({ section, peers }).toMatchObject({
          section: { entries: 1 },
          peers: [{ name: 'a' }],
        });
        return true;
      });
      expect(await a.ask('show peers')).toMatch(/id=lesson\(.*last_status=NAME.*\n.* new_conn=1 /);

      const place = lessonPlaceOf(textOf(a), { sectionName, selfName: 'a', env: {} });
      if (place.kind !== 'leg') throw new Error(place.why);
      const recorded = await recordLesson(
        {
          ...{ ...place, timeoutMs: 1000, silentMs: 5000, now: Date.now },
          signal: new AbortController().signal,
        },
        () => {},
      );
      expect(recorded).toMatchObject({ kind: 'whole', entries });
      expect(await a.reloads()).toBe(2);
    }, 120_000);
  });
}
