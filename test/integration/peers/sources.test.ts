import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameOfAddress } from '../../../src/sources/addresses.ts';
import { type DnsServer, startDns } from '../../helpers/dns.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { writeSlice } from '../../helpers/kube-slices.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';
import { raise } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable, keptEntries } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const entries = 500;
const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;

/** One replica with entries, then another that joins it: both have all, and know each other by these names. */
async function joins(
  sourceFlags: readonly string[],
  known: (replicas: readonly Replica[]) => Promise<void>,
  nameOf: (replica: Replica) => string,
): Promise<void> {
  const network = ownNetwork();
  const setting = { haproxy: haproxy ?? '', dataplane: null, sourceFlags };
  const old = testReplica(setting, 'web-1', `${network}.1`);
  await known([old]);
  await raise(old);
  await fillTable(old, entries);

  const late = testReplica(setting, 'web-2', `${network}.2`);
  await known([old, late]);
  await raise(late);

  expect(await keptEntries(late, entries)).toBe(entries);
  for (const [replica, sibling] of [
    [old, late],
    [late, old],
  ] as const) {
    await eventually(
      async () => {
        const state = await replica.peers();
        expect(state?.localName).toBe(nameOf(replica));
        const found = state?.peers.find(({ name }) => name === nameOf(sibling));
        expect(found?.established).toBe(true);
      },
      { timeoutMs: 20_000 },
    );
  }
  expect(await old.reloads()).toBe(1);
  expect(await late.reloads()).toBe(0);
}

const noDns = missingOf({ HAProxy: haproxy, dnsmasq: programs.dnsmasq });

describe('replicas that know each other by DNS', unless(noDns), () => {
  let server: DnsServer;
  beforeAll(async () => {
    server = await startDns(programs.dnsmasq ?? '');
  });
  afterAll(() => server?.stop());

  it('share their entries under names that follow from their addresses', async () => {
    await joins(
      ['--dns=replicas.test', `--dns-server=${server.address}`, '--dns-interval=200ms'],
      (present) =>
        server.set(
          'replicas.test',
          present.map(({ address }) => address),
        ),
      ({ address }) => nameOfAddress(address),
    );
  }, 60_000);
});

const noApi = kubeApiserverMissing ?? missingOf({ HAProxy: haproxy });

describe('replicas that are the endpoints of a Service', unless(noApi), () => {
  let server: KubeApiserver;
  beforeAll(async () => {
    server = await startKubeApiserver();
    await server.createNamespace('edge');
  }, kubeApiserverTimeoutMs);
  afterAll(() => server?.stop());

  function endpoint(service: string): Replica {
    const kubernetes = ['--namespace=edge', `--kubeconfig=${server.kubeconfigPath}`];
    const sourceFlags = [`--service=${service}`, ...kubernetes];
    const setting = { haproxy: haproxy ?? '', dataplane: null, sourceFlags };
    return testReplica(setting, 'web-1', `${ownNetwork()}.1`);
  }

  // An EndpointSlice takes no loopback address, so the sibling is one that never answers; the end-to-end tests have real ones.
  it('are in the section before they are ready', async () => {
    const replica = endpoint('haproxy');
    const own = { pod: 'web-1', address: '192.0.2.1' };
    await writeSlice(server, 'edge', 'haproxy', [own]);
    await raise(replica);

    const late = { pod: 'web-2', address: '192.0.2.2', ready: false };
    await writeSlice(server, 'edge', 'haproxy', [own, late]);

    await eventually(
      async () => {
        const found = (await replica.peers())?.peers.find(({ name }) => name === 'web-2');
        expect(found?.address).toBe(`192.0.2.2:${replica.ports.peers}`);
      },
      { timeoutMs: 20_000 },
    );
    expect(await replica.reloads()).toBe(1);
  }, 60_000);

  // The API server checks neither field; with such a name HAProxy ran the command in its own container.
  it('cannot be given lines of haproxy.cfg by who may write EndpointSlices', async () => {
    const ran = join(testFolder(), 'ran');
    const replica = endpoint('hostile');
    const own = { pod: 'web-1', address: '192.0.2.1' };
    const lines = (name: string) =>
      `${name} 192.0.2.9:3000\n\nprogram p\n  command touch ${ran}\n\nbackend x # `;
    await writeSlice(server, 'edge', 'hostile', [own, { pod: lines('y'), address: '192.0.2.3' }]);

    await raise(replica);
    const late = { pod: 'web-2', address: '192.0.2.2' };
    const more = { pod: lines('z'), address: '192.0.2.4' };
    await writeSlice(server, 'edge', 'hostile', [own, late, more]);
    await eventually(
      async () => {
        const names = (await replica.peers())?.peers.map(({ name }) => name);
        expect(names?.sort()).toEqual(['web-1', 'web-2']);
      },
      { timeoutMs: 20_000 },
    );

    expect(readFileSync(replica.configFile, 'utf8')).not.toMatch(/program|touch/);
    expect(existsSync(ran)).toBe(false);
    const status = await fetch(`http://${replica.address}:${replica.ports.probe}/status`);
    expect(await status.text()).toContain('is not the name of a pod, and is left out');
  }, 60_000);
});
