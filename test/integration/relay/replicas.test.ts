import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import got from 'got';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allHold, allReady } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

let members: MembersFile;
let relayKey: string;
beforeEach(() => {
  members = membersFile(join(testFolder(), 'members.json'));
  relayKey = join(testFolder(), 'key');
  writeFileSync(relayKey, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
});

const cases = haproxyVersions.map(([title, program]) => [title, program, ownNetwork()] as const);

for (const [title, haproxy, network] of cases) {
  describe(
    `replicas in relay mode, HAProxy ${title}`,
    // The sessions themselves are played with each version in each run (sessions.test.ts).
    unless(missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll)),
    () => {
      const replica = (name: string, last: number) =>
        testReplica(
          {
            ...{ haproxy: haproxy ?? '', dataplane: null, relayKey },
            ...{ sourceFlags: members.sourceFlags, podUid: () => `uid-of-${name}-${last}` },
          },
          name,
          `${network}.${last}`,
        );

      async function raise(...all: readonly Replica[]): Promise<void> {
        await Promise.all(all.map((each) => each.init()));
        await Promise.all(all.map((each) => each.start()));
        await allReady(all, 20_000);
      }

      it('do not become ready beside one that they name otherwise, so that nobody goes who holds the entries', async () => {
        const a = replica('a', 21);
        const own = membersFile(join(testFolder(), 'otherwise.json'));
        const next = testReplica(
          {
            ...{ haproxy: haproxy ?? '', dataplane: null, relayKey },
            ...{ sourceFlags: own.sourceFlags, podUid: () => 'uid-of-next' },
            flags: ['--join-timeout=1s'],
          },
          'next',
          `${network}.22`,
        );
        members.set(a);
        await raise(a);
        await fillTable(a, 1000);
        members.set(a, next);
        own.set({ name: 'node-a', address: a.address }, next);
        await next.init();
        await next.start();
        const told = () => got(`http://${next.address}:${next.ports.probe}/status`).text();
        await eventually(async () => expect(await told()).toContain('the same --peer-names'), {
          timeoutMs: 20_000,
        });
        // Longer than --join-timeout, and than it is told once it lasts.
        await eventually(async () => expect(await told()).toContain('no link with node-a'), {
          timeoutMs: 30_000,
        });
        expect(await next.ready()).toBe(false);
        own.set(a, next);
        await allReady([next], 20_000);
        expect(await next.entries()).toBe(1000);
      }, 90_000);

      it('are replaced one after the other, with no reload and every entry kept', async () => {
        const old = ['a', 'b', 'c'].map((name, index) => replica(name, index + 1));
        members.set(...old);
        await raise(...old);
        const [first] = old;
        if (first === undefined) throw new Error('no replica');
        await fillTable(first, 20_000);
        await allHold(old, 20_000);
        const now = [...old];
        for (let turn = 0; turn < 3; turn += 1) {
          const next = replica(`n${turn}`, turn + 11);
          now.push(next);
          members.set(...now);
          await raise(next);
          expect(await next.entries()).toBe(20_000);
          await now.shift()?.stop();
          members.set(...now);
        }
        await allHold(now, 20_000);
        expect(await Promise.all(now.map((each) => each.reloads()))).toEqual([0, 0, 0]);
      });

      // Replicas of both modes share nothing: a rolling update from one to the other must not go on.
      it('a pod in the other mode does not become ready beside one that holds entries', async () => {
        const relays = replica('a', 1);
        const reloads = testReplica(
          {
            ...{ haproxy: haproxy ?? '', dataplane: null, sourceFlags: members.sourceFlags },
            initFlags: ['--join-timeout=1s', '--silence-limit=1s'],
            flags: ['--repair-limit=2s'],
          },
          'b',
          `${network}.2`,
        );
        const late = testReplica(
          {
            ...{ haproxy: haproxy ?? '', dataplane: null, sourceFlags: members.sourceFlags },
            ...{ relayKey, flags: ['--join-timeout=1s', '--repair-limit=2s'] },
          },
          'c',
          `${network}.3`,
        );
        members.set(relays);
        await raise(relays);
        await fillTable(relays, 100);
        members.set(relays, reloads);
        await reloads.init();
        await reloads.start();
        const reasons = (each: Replica) =>
          each.log().match(/run in the other --mode/g)?.length ?? 0;
        await eventually(() => reasons(reloads) > 0, { timeoutMs: 20_000 });
        expect(await reloads.ready()).toBe(false);
        await relays.stop();
        members.set(reloads);
        await allReady([reloads], 20_000);
        members.set(reloads, late);
        await late.init();
        await late.start();
        await eventually(() => reasons(late) > 0, { timeoutMs: 20_000 });
        expect(await late.ready()).toBe(false);
      });

      it('of a StatefulSet are stopped and come back under their names, with no reload', async () => {
        const now = ['web-0', 'web-1', 'web-2'].map((name, index) => replica(name, index + 21));
        members.set(...now);
        await raise(...now);
        const [first] = now;
        if (first === undefined) throw new Error('no replica');
        await fillTable(first, 10_000);
        await allHold(now, 10_000);
        for (const [index, old] of now.entries()) {
          await old.stop();
          // Another uid and address, as a pod that kubelet starts anew.
          const next = replica(old.name, index + 31);
          now[index] = next;
          members.set(...now);
          await raise(next);
          expect(await next.entries()).toBe(10_000);
        }
        await allHold(now, 10_000);
        expect(await Promise.all(now.map((each) => each.reloads()))).toEqual([0, 0, 0]);
      });

      it('a sidecar that is killed and starts again changes nothing for its HAProxy', async () => {
        const [a, b] = [replica('a', 1), replica('b', 2)];
        members.set(a, b);
        await raise(a, b);
        await fillTable(a, 1000);
        await allHold([a, b], 1000);
        await b.killSidecar();
        await fillTable(a, 2000);
        expect(await b.entries()).toBe(1000);
        b.startSidecar();
        await allHold([a, b], 2000);
        await allReady([a, b], 10_000);
        // It knows nothing of the time before it, so they are compared, over a real link.
        const compared = (each: Replica) => each.log().includes('"lesson by difference"');
        await eventually(() => [a, b].every(compared), { timeoutMs: 20_000 });
      });

      it('HAProxy that is killed and starts again learns all from the others', async () => {
        const [a, b] = [replica('a', 1), replica('b', 2)];
        members.set(a, b);
        await raise(a, b);
        await fillTable(b, 5000);
        await allHold([a, b], 5000);
        await b.killHaproxy();
        await b.startHaproxy();
        await allHold([a, b], 5000);
        await allReady([a, b], 10_000);
        await fillTable(b, 6000);
        await allHold([a, b], 6000);
      });
    },
  );
}
