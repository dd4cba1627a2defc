import { join } from 'node:path';
import got from 'got';
import { describe, expect, it } from 'vitest';
import { statusSchema } from '../../../src/telemetry/status-schema.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady, raise } from '../../rig/raise.ts';
import type { Replica, ReplicaSetting } from '../../rig/replica.ts';
import { fillTable, keptEntries } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const entries = 5000;
const cases = [
  ['HAProxy 3.4', programs.haproxy34, ownNetwork(), true],
  ['HAProxy 3.0', programs.haproxy30, ownNetwork(), true],
  ['HAProxy on the path', programs.haproxy, ownNetwork(), false],
] as const;

/** A replica that is told its members by a file of its own. */
function replica(
  setting: Omit<ReplicaSetting, 'directory' | 'sourceFlags'>,
  name: string,
  address: string,
) {
  const file = membersFile(join(testFolder(), `${name}.json`));
  return {
    replica: testReplica({ ...setting, sourceFlags: file.sourceFlags }, name, address),
    knows: file.set,
  };
}

async function status({ address, ports }: Replica) {
  return statusSchema.parse(await got(`http://${address}:${ports.probe}/status`).json());
}

async function metrics({ address, ports }: Replica) {
  return (await got(`http://${address}:${ports.probe}/metrics`)).body;
}

for (const [title, haproxy, network, repairs] of cases) {
  describe(
    `a pod that starts alone and hears of its siblings later, ${title}`,
    unless(missingOf({ [title]: haproxy })),
    () => {
      it(`is not ready before it has ${repairs ? 'what they hold' : 'said that it has not'}`, async () => {
        const dataplane = repairs ? (programs.dataplaneV3 ?? null) : null;
        const setting = { haproxy: haproxy ?? '', dataplane };
        const old = replica(setting, 'old', `${network}.1`);
        const late = replica(setting, 'late', `${network}.2`);
        old.knows(old.replica);
        await raise(old.replica);
        await fillTable(old.replica, entries);

        // What a membership that is wrong at the start does: nobody is known, and nobody knows this pod.
        late.knows(late.replica);
        await late.replica.init();
        late.knows(old.replica, late.replica);
        old.knows(old.replica, late.replica);
        await late.replica.start();
        await allReady([late.replica], 60_000);

        const log = late.replica.log();
        if (repairs) {
          expect(await keptEntries(late.replica, entries)).toBe(entries);
          expect(log).toContain('tables learned after a hard-reload');
          expect(await metrics(late.replica)).toContain('reloads_total{cause="repair"} 1');
          expect(await metrics(late.replica)).toContain('resyncs_total{outcome="repaired"} 1');
          expect(await status(late.replica)).toMatchObject({ ready: true, resync: 'learned' });
        } else {
          expect(log).toContain('RESYNC_MISSED');
          expect(await metrics(late.replica)).toContain('resyncs_total{outcome="missed"} 1');
        }
        expect(await keptEntries(old.replica, entries)).toBe(entries);
        const told = await status(old.replica);
        expect(told.tables.find(({ name }) => name === 'sessions')).toMatchObject({
          shared: true,
          used: entries,
        });
      }, 90_000);
    },
  );
}
