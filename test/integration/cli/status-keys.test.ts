import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Found } from '../../../src/cli/found.ts';
import { see } from '../../../src/cli/see.ts';
import { worstOf } from '../../../src/cli/table-differences.ts';
import { askStatus } from '../../../src/telemetry/ask-status.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyBranch, programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady, raise } from '../../rig/raise.ts';
import { createReplica, type Replica } from '../../rig/replica.ts';
import { fileRoll } from '../../rig/roll.ts';
import { fillTable } from '../../rig/table.ts';
import { startWriter } from '../../rig/writer.ts';

const { signal } = new AbortController();
const binaries = [programs.haproxy, programs.haproxy30, programs.haproxy34].filter(
  (each) => each !== undefined,
);

/** What `status --all` sees of real sidecars. */
async function seen(replicas: readonly Replica[]) {
  const look = () =>
    Promise.all(
      replicas.map(async ({ name, address, ports }): Promise<Found> => {
        const options = { timeoutMs: 5000, signal, sampled: true };
        return { name, status: await askStatus(address, ports.probe, options) };
      }),
    );
  const { found, differences } = await see(look, null, { watch: false, signal });
  return { found, worst: worstOf(differences) };
}

describe.each(binaries.map((binary) => [haproxyBranch(binary), binary] as const))(
  'keys of replicas with HAProxy %s',
  (_, haproxy) => {
    const network = ownNetwork();
    const directory = suiteFolder();
    const replicas: Replica[] = [];
    afterAll(async () => {
      await Promise.all(replicas.map((replica) => replica.kill()));
    });

    it('are told apart after a split, although each replica has as many', async () => {
      // Each knows itself alone, as on the two sides of a split network.
      const apart = await Promise.all(
        ['web-1', 'web-2'].map(async (name, index) => {
          const address = `${network}.${index + 1}`;
          const file = membersFile(`${directory}/${name}.json`);
          file.set({ name, address });
          const setting = { haproxy, dataplane: null, directory, sourceFlags: file.sourceFlags };
          const replica = createReplica(setting, name, address);
          replicas.push(replica);
          await raise(replica);
          return replica;
        }),
      );
      const [first, second] = apart as [Replica, Replica];
      await fillTable(first, 10_000);
      await fillTable(second, 10_000, undefined, { from: 0, every: 2 });
      await fillTable(second, 20_000, undefined, { from: 10_001, every: 2 });

      const { found, worst } = await seen(apart);

      const used = found.map(({ status }) => status?.tables[0]?.used);
      expect(used).toEqual([10_000, 10_000]);
      expect(worst.map(({ table, replica, holder }) => [table, replica, holder])).toEqual([
        ['sessions', 'web-1', 'web-2'],
        ['sessions', 'web-2', 'web-1'],
      ]);
      for (const { entries, compared } of worst) {
        expect(entries).toBeGreaterThan(3500);
        expect(entries).toBeLessThan(6500);
        expect(compared).toBeGreaterThan(200);
      }
    }, 90_000);
  },
);

describe('keys of connected replicas', unless(missingOf({ HAProxy: binaries.at(-1) })), () => {
  const network = ownNetwork();
  const directory = suiteFolder();
  let replicas: readonly Replica[] = [];
  beforeAll(async () => {
    const roll = fileRoll(directory);
    const setting = {
      haproxy: binaries.at(-1) ?? '',
      dataplane: null,
      directory,
      sourceFlags: roll.sourceFlags,
    };
    replicas = ['web-1', 'web-2', 'web-3'].map((name, index) =>
      createReplica(setting, name, `${network}.${index + 1}`),
    );
    await roll.join(...replicas);
    await Promise.all(replicas.map((replica) => replica.init()));
    await Promise.all(replicas.map((replica) => replica.start()));
    await allReady(replicas);
  }, 90_000);
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.kill()));
  });

  it('are the same while a thousand new ones a second come in', async () => {
    const writer = startWriter({ targets: () => replicas, perSecond: 1000 });
    try {
      await eventually(() => writer.acks.length > 2000, { timeoutMs: 30_000 });
      for (let time = 0; time < 3; time++) expect((await seen(replicas)).worst).toEqual([]);
    } finally {
      await writer.stop();
    }
  }, 120_000);

  it('are read within the limits, of a table that is larger than they are', async () => {
    const [first] = replicas as [Replica];
    await fillTable(first, 300_000);

    const startedAt = performance.now();
    const status = await askStatus(first.address, first.ports.probe, {
      ...{ timeoutMs: 5000, signal, sampled: true },
    });

    expect(performance.now() - startedAt).toBeLessThan(4500);
    const sample = status?.tables[0]?.sample;
    expect(sample?.whole).toBe(false);
    expect(sample?.read).toBeGreaterThan(10_000);
    expect(sample?.read).toBeLessThan(300_000);
    expect(sample?.keys.length).toBeGreaterThan(250);
    expect(sample?.keys.length).toBeLessThanOrEqual(256);
  }, 120_000);
});
