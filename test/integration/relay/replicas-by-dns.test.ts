import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsServer, startDns } from '../../helpers/dns.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;

// As examples/docker-compose/relay.yaml has it: no uid is known of the others, and their names are made of their addresses.
describe(
  'replicas in relay mode that know each other by DNS',
  unless(missingOf({ HAProxy: haproxy, dnsmasq: programs.dnsmasq })),
  () => {
    const network = ownNetwork();
    let server: DnsServer;
    beforeAll(async () => {
      server = await startDns(programs.dnsmasq ?? '');
    });
    afterAll(() => server?.stop());

    it('share their entries, and one whose container is made anew at its address learns all again', async () => {
      const relayKey = join(testFolder(), 'key');
      writeFileSync(relayKey, randomBytes(32).toString('base64'), { mode: 0o600 });
      const replica = (name: string, last: number) =>
        testReplica(
          {
            ...{ haproxy: haproxy ?? '', dataplane: null, relayKey },
            sourceFlags: [
              ...['--dns=replicas.test', `--dns-server=${server.address}`],
              '--dns-interval=200ms',
            ],
          },
          name,
          `${network}.${last}`,
        );
      const [a, b] = [replica('a', 1), replica('b', 2)];
      const begin = async (...all: readonly Replica[]) => {
        await Promise.all(all.map((each) => each.init()));
        await Promise.all(all.map((each) => each.start()));
        await allReady(all, 30_000);
      };
      await server.set('replicas.test', [a.address, b.address]);
      await begin(a, b);
      await fillTable(a, 1000);
      await eventually(async () => (await b.entries()) === 1000, { timeoutMs: 20_000 });

      // The same uid and address, as a container that is replaced; nothing says that it is another one.
      await b.kill();
      await begin(b);

      expect(await b.entries()).toBe(1000);
      await fillTable(b, 2000);
      await eventually(async () => (await a.entries()) === 2000, { timeoutMs: 20_000 });
      expect(await Promise.all([a.reloads(), b.reloads()])).toEqual([0, 0]);
    }, 60_000);
  },
);
