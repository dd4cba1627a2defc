import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askStatus } from '../../../src/telemetry/ask-status.ts';
import type { Status } from '../../../src/telemetry/status-schema.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { createPod } from '../../helpers/kube-pods.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';
import {
  createReplica,
  defaultPorts,
  type Replica,
  type ReplicaSetting,
} from '../../rig/replica.ts';
import { fillTable, keptEntries } from '../../rig/table.ts';
import { passage } from '../../rig/tcp-passage.ts';

const entries = 2000;
/** The ports of the new revision, where nobody of the old one listens; nor the other way round. */
const others = { ...defaultPorts, peers: 3001, probe: 8406 };
/** As long as HAProxy needs to try again to connect. */
const retryMs = 6000;

const unmet = 'ready, but no peer with entries was reached: are the peers running?';

let directory: string;
const replicas: Replica[] = [];
const open: { close(): Promise<void> }[] = [];
beforeEach(() => {
  directory = testFolder();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    for (const each of replicas) console.log(`${each.name}:\n${each.log()}`);
  await Promise.all(replicas.splice(0).map((replica) => replica.kill()));
  await Promise.all(open.splice(0).map((passage) => passage.close()));
});

type Setting = Omit<ReplicaSetting, 'directory'>;

function replica(setting: Setting, name: string, address: string): Replica {
  const created = createReplica({ ...setting, directory }, name, address);
  replicas.push(created);
  return created;
}

async function start(...starting: readonly Replica[]): Promise<void> {
  await Promise.all(starting.map((each) => each.init()));
  await Promise.all(starting.map((each) => each.start()));
}

/** Two replicas that are ready and hold every entry. */
async function fullPair(setting: Setting, network: string): Promise<readonly [Replica, Replica]> {
  const pair = [
    replica(setting, 'old-1', `${network}.1`),
    replica(setting, 'old-2', `${network}.2`),
  ] as const;
  const [first, second] = pair;
  await start(...pair);
  await areReady(...pair);
  await fillTable(first, entries);
  await eventually(async () => (await second.entries()) === entries, { timeoutMs: 30_000 });
  return pair;
}

async function areReady(...awaited: readonly Replica[]): Promise<void> {
  for (const each of awaited) await eventually(() => each.ready(), { timeoutMs: 60_000 });
}

async function allKeep(...kept: readonly Replica[]): Promise<void> {
  for (const each of kept) expect(await keptEntries(each, entries), each.name).toBe(entries);
}

/** When the sidecar has said this first, in milliseconds since the epoch. */
function saidAt({ name, log }: Replica, msg: string): number {
  const line = log()
    .split('\n')
    .find((each) => each.includes(`"msg":"${msg}"`));
  if (line === undefined) throw new Error(`${name} has not said: ${msg}`);
  return Date.parse(JSON.parse(line).time);
}

/** Until it is told: what is asked in one moment is answered with one look. */
async function tells({ address, ports }: Replica, part: Partial<Status>): Promise<void> {
  const signal = AbortSignal.timeout(15_000);
  await eventually(async () => {
    const told = await askStatus(address, ports.probe, { timeoutMs: 1000, signal });
    expect(told).toMatchObject(part);
  });
}

/** Who waits for whom is decided here and not in HAProxy: one version is enough (3.0 was the same, in twice the time). */
const haproxy = programs.haproxy34 ?? programs.haproxy30;
const missing = missingOf({ 'HAProxy 3': haproxy, 'Data Plane API': programs.dataplaneV3 });
const network = ownNetwork();

describe(
  'ports that are closed between two revisions, where nobody tells who is ready',
  unless(missing),
  () => {
    function setting(): Setting {
      const membersFile = join(directory, 'members.json');
      return {
        haproxy: haproxy ?? '',
        dataplane: programs.dataplaneV3 ?? null,
        sourceFlags: ['--source=file', `--members-file=${membersFile}`],
      };
    }

    function membersAre(...list: readonly Pick<Replica, 'name' | 'address'>[]): void {
      const file = join(directory, 'members.json');
      const text = JSON.stringify(list.map(({ name, address }) => ({ name, address })));
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    }

    /** Two full replicas, and two that are to come and have other ports. */
    async function revisions() {
      const addresses = ['old-1', 'old-2', 'young-1', 'young-2'].map((name, index) => ({
        ...{ name, address: `${network}.${index + 1}` },
      }));
      membersAre(...addresses.slice(0, 2));
      const old = await fullPair(setting(), network);
      membersAre(...addresses);
      const young = [
        replica({ ...setting(), ports: others }, 'young-1', `${network}.3`),
        replica({ ...setting(), ports: others }, 'young-2', `${network}.4`),
      ] as const;
      return { old, young };
    }

    it('new ones that start at once wait as long as HAProxy needs to try again, and say so', async () => {
      const { old, young } = await revisions();

      await start(...young);
      await areReady(...young);

      for (const each of young) {
        expect(each.log()).toContain('refuse this pod on the peers port, and nobody else can');
        expect(each.log()).toContain(unmet);
        const waitedMs =
          saidAt(each, unmet) - saidAt(each, 'readiness waits for the tables of the peers');
        // Both times are rounded, and the first is written down after its look.
        expect(waitedMs).toBeGreaterThan(retryMs - 500);
        await tells(each, { ready: true, incomplete: true });
      }
      await allKeep(...old);
      for (const each of old) expect(await each.ready()).toBe(true);
    }, 120_000);

    // Once is enough: what HAProxy makes of it is the same in both.
    it('one that another empty one has taught takes that for no answer of the full ones', {
      ...unless(onlyInAll),
      timeout: 120_000,
    }, async () => {
      const { old, young } = await revisions();
      const [first, second] = young;

      await start(first);
      await eventually(async () => (await first.peers())?.resync === 'alone', {
        timeoutMs: 30_000,
      });
      await start(second);
      await areReady(...young);

      expect((await second.peers())?.resync).toBe('learned');
      for (const each of young) {
        expect(each.log()).toContain(unmet);
        await tells(each, { ready: true, incomplete: true });
      }
      await allKeep(...old);
    });

    it('the new ones learn every entry where the ports open before that time is over', {
      ...unless(onlyInAll),
      timeout: 120_000,
    }, async () => {
      const { old, young } = await revisions();

      await start(...young);
      await eventually(
        () =>
          young.some(({ log }) => log().includes('readiness waits for the tables of the peers')),
        { timeoutMs: 40_000, intervalMs: 10 },
      );
      open.push(await passage(old, young));
      await areReady(...young);

      await allKeep(...old, ...young);
      for (const each of young) {
        expect(each.log()).not.toContain('SIBLINGS_UNHEARD');
        await tells(each, { ready: true, resync: 'learned' });
      }
    });
  },
);

const unable = kubeApiserverMissing ?? missing;

describe(
  'ports that are closed between two revisions, whose pods are Ready or not',
  unless(unable),
  () => {
    let server: KubeApiserver;
    beforeAll(async () => {
      server = await startKubeApiserver();
    }, kubeApiserverTimeoutMs);
    afterAll(() => server?.stop());

    /** Two full replicas whose pods are Ready, and two new ones with other ports. */
    async function revisions(namespace: string, repairLimit: string) {
      const network = ownNetwork();
      await server.createNamespace(namespace);
      const pod = (name: string, last: number, ready: boolean) =>
        createPod(server, namespace, name, { ips: [`${network}.${last}`], ready });
      const setting = {
        haproxy: haproxy ?? '',
        dataplane: programs.dataplaneV3 ?? null,
        sourceFlags: [
          ...[`--namespace=${namespace}`, '--selector=app=haproxy'],
          `--kubeconfig=${server.kubeconfigPath}`,
        ],
        initFlags: ['--silence-limit=1s'],
        flags: [`--repair-limit=${repairLimit}`],
      };
      await pod('old-1', 1, true);
      await pod('old-2', 2, true);
      const old = await fullPair(setting, network);
      await pod('young-1', 3, false);
      await pod('young-2', 4, false);
      const young = [
        replica({ ...setting, ports: others }, 'young-1', `${network}.3`),
        replica({ ...setting, ports: others }, 'young-2', `${network}.4`),
      ] as const;
      await start(...young);
      return { old, young };
    }

    async function events(namespace: string) {
      const { body } = await server.admin('GET', `/api/v1/namespaces/${namespace}/events`);
      return (body.items as readonly { reason: string; involvedObject: { name: string } }[]).map(
        ({ reason, involvedObject }) => `${involvedObject.name} ${reason}`,
      );
    }

    const notReady = 'not ready: no answer from peers that may hold entries';

    it('keep the new ones from being ready until --repair-limit, and are told as Events', async () => {
      const limitMs = 12_000;
      const { old, young } = await revisions('closed', `${limitMs}ms`);

      await eventually(() => young.every(({ log }) => log().includes(notReady)), {
        timeoutMs: 60_000,
        intervalMs: 20,
      });
      for (const each of young) {
        expect(await each.ready()).toBe(false);
        expect(each.log()).toContain('refuse this pod on the peers port although they are ready');
      }
      const wanted = ['JoinUnconfirmed', 'SiblingsUnheard'].flatMap((reason) =>
        young.map(({ name }) => `${name} ${reason}`),
      );
      await eventually(async () => {
        expect(await events('closed')).toEqual(expect.arrayContaining(wanted));
      });
      await areReady(...young);

      for (const each of young) {
        const waitedMs =
          saidAt(each, 'ready although peers that may hold entries did not answer') -
          saidAt(each, 'readiness waits for the tables of the peers');
        expect(waitedMs).toBeGreaterThan(limitMs - 500);
        await tells(each, { ready: true, incomplete: true });
      }
      await allKeep(...old);
    }, 120_000);

    it('opened before that, let the new ones learn every entry and be ready', {
      ...unless(onlyInAll),
      timeout: 120_000,
    }, async () => {
      const { old, young } = await revisions('opened', '60s');
      await eventually(() => young.every(({ log }) => log().includes(notReady)), {
        timeoutMs: 60_000,
        intervalMs: 20,
      });

      open.push(await passage(old, young));
      await areReady(...young);

      await allKeep(...old, ...young);
      for (const each of young) await tells(each, { ready: true, resync: 'learned' });
      expect(await events('opened')).not.toContain('young-1 JoinedWithoutHistory');
    });
  },
);
