import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import got from 'got';
import { beforeEach, describe, expect, it } from 'vitest';
import { statusSchema } from '../../../src/telemetry/status-schema.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady, raise } from '../../rig/raise.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import { writeSteadily } from '../../rig/relay-writer.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable, heldEntries } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const cases = [
  ['HAProxy 3.4 and Data Plane API v3', programs.haproxy34, programs.dataplaneV3, ownNetwork()],
  ['HAProxy 3.0 and Data Plane API v2', programs.haproxy30, programs.dataplaneV2, ownNetwork()],
  ['HAProxy on the path, written directly', programs.haproxy, null, ownNetwork()],
] as const;

/** All hold the same keys with the same values. */
async function alike(all: readonly Replica[], atLeast: number): Promise<boolean> {
  const [first = new Map(), ...others] = await Promise.all(all.map((each) => heldEntries(each)));
  if (first.size < atLeast) throw new Error(`${first.size} of ${atLeast}`);
  for (const other of others) {
    const lacks = [...first].filter(([key, value]) => other.get(key) !== value);
    if (lacks.length > 0 || other.size !== first.size)
      throw new Error(`${lacks.length} differ, ${first.size} and ${other.size}`);
  }
  return true;
}

async function accepts({ address, ports }: Replica): Promise<boolean> {
  const socket = connect({ host: address, port: ports.relay });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const told = ({ address, ports }: Replica, path: string) =>
  got(`http://${address}:${ports.probe}/${path}`).text();
const statusOf = async (one: Replica) => statusSchema.parse(JSON.parse(await told(one, 'status')));

let members: MembersFile;
beforeEach(() => {
  members = membersFile(join(testFolder(), 'members.json'));
});

for (const [title, haproxy, dataplane, network] of cases) {
  const missing = missingOf({ [title]: haproxy && (dataplane === null ? haproxy : dataplane) });
  const often = title.includes('3.4') ? undefined : onlyInAll;
  describe(`replicas that are compared, ${title}`, unless(missing ?? often), () => {
    function replicas(flags: readonly string[]) {
      return ['a', 'b', 'c'].map((name, at) => {
        const own = [...flags, `--pod-uid=uid-of-${name}`];
        const setting = {
          ...{ haproxy: haproxy ?? '', dataplane: dataplane ?? null, flags: own, initFlags: own },
          sourceFlags: members.sourceFlags,
        };
        return testReplica(setting, name, `${network}.${at + 1}`);
      });
    }

    it('hold the same after reloads under writes, with a sidecar that stands still', async () => {
      const key = writeRelayKey(testFolder());
      const all = replicas(['--lessons', `--relay-key-file=${key}`]);
      const [a, b, c] = all;
      if (a === undefined || b === undefined || c === undefined) throw new Error('none');
      members.set(a, b);
      await Promise.all([a.init(), b.init()]);
      await Promise.all([a.start(), b.start()]);
      await allReady([a, b], 40_000);
      await fillTable(a, 1000);
      // The connection stays with the worker that was reloaded, so how much of this there is at the end depends on when that was.
      const writer = writeSteadily(a.adminSocket, 2000, (index) => `of-a-${index}`);
      members.set(a, b, c);
      await raise(c, 40_000);
      await writer.stop();
      await stopProcess(b.sidecarPid());
      await eventually(() => c.log().includes('"pod":"a","why"'), { timeoutMs: 40_000 });
      process.kill(b.sidecarPid(), 'SIGCONT');

      await eventually(() => alike(all, 1000), { timeoutMs: 60_000, intervalMs: 500 });
      expect(await a.reloads()).toBe(1);
      expect(await b.reloads()).toBe(1);
      expect(await accepts(a)).toBe(true);
      const { lessons } = await statusOf(c);
      expect(lessons).toMatchObject({ links: 2, last: { skipped: expect.any(Number) } });
      expect(await told(c, 'metrics')).toContain('\nhaproxy_peer_sync_lesson_links 2\n');
    }, 180_000);

    it('open no port without --lessons', async () => {
      const [a] = replicas([]);
      if (a === undefined) throw new Error('none');
      members.set(a);
      await raise(a, 40_000);

      expect(await accepts(a)).toBe(false);
      expect(a.log()).not.toContain('compares with other sidecars');
      expect(await a.ask('show peers')).not.toContain('lesson');
      expect((await statusOf(a)).lessons).toBeUndefined();
      expect(await told(a, 'metrics')).not.toMatch(/^haproxy_peer_sync_lesson_links /m);
    }, 60_000);
  });
}
