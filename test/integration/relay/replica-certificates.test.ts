import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createCa, type MountedSecret, mountSecret } from '../../helpers/certificates.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;
const network = ownNetwork();

/** Replicas that have a certificate each, in a Secret that can be replaced. */
function certified() {
  const folder = testFolder();
  const ca = createCa(folder);
  const members = membersFile(join(folder, 'members.json'));
  const secrets = new Map<string, MountedSecret>();

  function replica(name: string, last: number, dnsName: string): Replica {
    const secret = mountSecret(join(folder, 'secrets', name), ca.issue({ dnsName }));
    secrets.set(name, secret);
    return testReplica(
      {
        ...{ haproxy: haproxy ?? '', dataplane: null, sourceFlags: members.sourceFlags },
        ...{ flags: ['--reconcile-interval=1s'], relayCertificates: () => secret.directory },
      },
      name,
      `${network}.${last}`,
    );
  }

  const renew = (name: string, dnsName: string) =>
    secrets.get(name)?.replace(ca.issue({ dnsName }));

  async function begin(...all: readonly Replica[]): Promise<void> {
    await Promise.all(all.map((each) => each.init()));
    await Promise.all(all.map((each) => each.start()));
  }

  async function doctor(own: Replica, last: number) {
    const at = secrets.get(own.name)?.directory ?? '';
    const { text } = await startProgram([
      ...['doctor', '--json', '--mode=relay', '--relay-trust=certificates'],
      ...[`--pod-name=${own.name}`, `--pod-uid=uid-of-${own.name}`, ...members.sourceFlags],
      ...[`--pod-ip=${network}.${last}`, `--haproxy-config=${own.configFile}`],
      ...[`--admin-socket=${own.adminSocket}`, `--master-socket=${own.masterSocket}`],
      `--peers-tls-certificate=${join(at, 'tls.crt')}`,
      ...[`--peers-tls-key=${join(at, 'tls.key')}`, `--peers-tls-ca=${join(at, 'ca.crt')}`],
    ]).ended;
    const finding = z.object({ check: z.string(), level: z.string(), what: z.string() });
    return z
      .array(finding)
      .parse(JSON.parse(text))
      .filter(({ check }) => check === 'relay-certificates');
  }

  return { members, replica, renew, begin, doctor };
}

const hold = (count: number, ...all: readonly Replica[]) =>
  eventually(
    async () => {
      const held = await Promise.all(all.map((each) => each.entries()));
      if (held.some((entries) => entries !== count)) throw new Error(held.join(', '));
      return true;
    },
    { timeoutMs: 20_000 },
  );

const ended = (each: Replica) => each.log().match(/the link has ended|session ended/g) ?? [];

describe(
  'replicas in relay mode with certificates',
  unless(missingOf({ HAProxy: haproxy })),
  () => {
    it('share their tables, renewed certificates break no link, and one of another name gets nothing until it has theirs', async () => {
      const { members, replica, renew, begin, doctor } = certified();
      const [a, b] = [replica('a', 1, 'peers'), replica('b', 2, 'peers')];
      members.set(a, b);
      await begin(a, b);
      await allReady([a, b], 20_000);
      await fillTable(a, 2000);
      await hold(2000, a, b);

      const stranger = replica('c', 3, 'dashboard');
      members.set(a, b, stranger);
      await begin(stranger);
      await eventually(() => stranger.log().includes('none in common'), { timeoutMs: 20_000 });
      expect(await stranger.entries()).toBe(0);
      expect(await stranger.ready()).toBe(false);
      expect(await doctor(a, 1)).toEqual([
        {
          check: 'relay-certificates',
          level: 'failure',
          what: expect.stringMatching(/^c and this pod refuse each other's certificates/),
        },
      ]);

      for (const name of ['a', 'b', 'c']) renew(name, 'peers');
      const renewed = (each: Replica) => each.log().includes('renewed certificates are there');
      await eventually(() => [a, b, stranger].every(renewed), { timeoutMs: 20_000 });
      await hold(2000, a, b, stranger);
      await allReady([a, b, stranger], 20_000);
      expect(await doctor(a, 1)).toMatchObject([{ level: 'ok' }]);
      expect([...ended(a), ...ended(b)]).toEqual([]);
      const status = await fetch(`http://${a.address}:${a.ports.probe}/status`);
      expect(await status.json()).toMatchObject({ mode: 'relay', trust: 'certificates' });
    });

    it('do not start with certificates that cannot be used, and say all that is wrong', async () => {
      const { members, replica, renew } = certified();
      const a = replica('a', 5, 'peers');
      members.set(a);
      renew('a', 'localhost');

      await expect(a.init()).rejects.toThrow(/PEERS_TLS_INVALID.*neither a DNS name nor a URI/s);
    });
  },
);
