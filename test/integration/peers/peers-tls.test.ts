import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hello } from '../../../src/haproxy/hello.ts';
import type { HelloOutcome } from '../../../src/model/hello.ts';
import type { TlsMaterial } from '../../../src/model/peers-tls.ts';
import {
  createCa,
  type MountedSecret,
  mountSecret,
  type TestCa,
} from '../../helpers/certificates.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady, raise } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable, keptEntries } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const entries = 2000;
const quick = ['--reconcile-interval=500ms'];
const { haproxy34, haproxy30, haproxy, dataplaneV3, dataplaneV2 } = programs;

/** `losesTrack`: its certificates cannot be replaced any more once the CA has been, until it is reloaded. */
const cases = [
  {
    title: 'HAProxy 3.4, Data Plane API v3',
    ...{ binary: haproxy34, dataplane: dataplaneV3, network: ownNetwork(), losesTrack: false },
  },
  {
    title: 'HAProxy 3.0, Data Plane API v2',
    ...{ binary: haproxy30, dataplane: dataplaneV2, network: ownNetwork(), losesTrack: true },
  },
  {
    title: 'HAProxy on the path, direct applier',
    ...{ binary: haproxy, dataplane: null, network: ownNetwork(), losesTrack: true },
  },
];

let directory: string;
let ca: TestCa;
let secret: MountedSecret;
let known: MembersFile;
beforeEach(() => {
  directory = testFolder();
  ca = createCa(directory);
  secret = mountSecret(join(directory, 'secret'), ca.issue());
  known = membersFile(join(directory, 'members.json'));
});

/** The certificate that the listener of the peers shows. */
function shown({ address, ports }: Replica, { certificate: cert, key }: TlsMaterial) {
  return new Promise<string>((resolve, reject) => {
    const to = { host: address, port: ports.peers, cert, key, rejectUnauthorized: false };
    const socket = connect(to, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function fingerprint({ certificate }: TlsMaterial): string {
  return new X509Certificate(certificate).fingerprint256;
}

/** What the doctor finds wrong with a replica, by the same flags. */
async function doctor(
  { name, address, ports, adminSocket, masterSocket, configFile }: Replica,
  flags: readonly string[],
) {
  const etc = dirname(configFile);
  const { text } = await startProgram([
    ...['doctor', '--json', `--pod-name=${name}`, `--pod-ip=${address}`, ...flags],
    ...[
      `--haproxy-config=${configFile}`,
      `--dataplane-password-file=${join(etc, 'dataplaneapi.password')}`,
    ],
    ...[`--dataplane-config=${join(etc, 'dataplaneapi.yml')}`, `--admin-socket=${adminSocket}`],
    ...[`--master-socket=${masterSocket}`, `--dataplane-url=http://${address}:${ports.api}`],
    `--applier=${existsSync(join(etc, 'dataplaneapi.yml')) ? 'dataplane' : 'direct'}`,
  ]).ended;
  const findings = z.array(z.object({ level: z.string(), what: z.string() }));
  return findings.parse(JSON.parse(text)).filter(({ level }) => level !== 'ok');
}

/** Established over TLS with these: HAProxy 2.6 does not say so in `show peers`, but it is asked for by its lines. */
async function established(replica: Replica): Promise<number> {
  return (await replica.peers())?.peers.filter((peer) => peer.established).length ?? 0;
}

for (const setup of cases) {
  const { binary, dataplane, title } = setup;
  const lacks = binary === undefined || dataplane === undefined ? `no ${title}` : undefined;
  // The newest in each run: these take a minute and more.
  const newest = title.includes('3.4') ? undefined : onlyInAll;
  const often = unless(newest);
  describe(`TLS between peers, ${title}`, unless(lacks ?? newest), () => {
    const address = (n: number) => `${setup.network}.${n}`;

    function create(name: string, n: number, sourceFlags: readonly string[]): Replica {
      const setting = { haproxy: binary ?? '', dataplane: dataplane ?? null };
      return testReplica({ ...setting, sourceFlags, flags: quick }, name, address(n));
    }

    async function two() {
      const verified = [...secret.flags, '--peers-tls-verify-host=haproxy-peers'];
      const flags = [...known.sourceFlags, ...verified];
      const pair = [create('a', 1, flags), create('b', 2, flags)] as const;
      known.set(...pair);
      await Promise.all(pair.map((replica) => replica.init()));
      await Promise.all(pair.map((replica) => replica.start()));
      await allReady(pair);
      return { a: pair[0], b: pair[1], flags };
    }

    it('shares entries, adds who joins, and keeps ssl on every line', async () => {
      const { a, b, flags } = await two();
      await fillTable(a, entries);
      await eventually(async () => (await keptEntries(b, entries)) === entries, {
        timeoutMs: 15_000,
      });

      const c = create('c', 3, flags);
      known.set(a, b, c);
      await raise(c);

      expect(await keptEntries(c, entries)).toBe(entries);
      expect(c.log()).not.toContain('starting although not all peers know this pod');
      for (const replica of [a, b, c]) {
        const text = readFileSync(replica.configFile, 'utf8');
        expect(text).toMatch(/^\s+default-server .*ssl.* verifyhost haproxy-peers/m);
        expect(text).toMatch(/^\s+bind .*ssl.*verify required/m);
        expect(text.indexOf('default-server')).toBeLessThan(text.indexOf('server a'));
        expect(text).not.toMatch(/^\s+peer /m);
        for (const { name } of [a, b, c])
          expect(text).toMatch(new RegExp(`^\\s+server ${name}\\b`, 'm'));
        expect(statSync(join(replica.directory, 'etc', 'peers-tls.pem')).mode & 0o777).toBe(0o600);
        expect(await eventually(async () => (await established(replica)) === 2)).toBe(true);
      }
      const peers = await a.ask('show peers');
      if (/xprt=/.test(peers)) expect(peers).not.toMatch(/xprt=RAW/);
      // HAProxy before 2.9 has no hard-reload, which is nothing of TLS.
      // Peers that connect to each other at once (`coll` of show peers) lose a session again within a second, in 2.6.
      let wrong: Awaited<ReturnType<typeof doctor>> = [];
      const right = async () => {
        wrong = (await doctor(a, flags)).filter(({ what }) => !what.includes('hard-reload'));
        return wrong.length === 0;
      };
      await eventually(right, { timeoutMs: 10_000 }).catch(() => {});
      expect(wrong).toEqual([]);
      // The lines that were there and the line that the sidecar has added talk TLS: nobody takes anything else.
      const to = { address: a.address, port: a.ports.peers, siblingName: 'a', ownName: 'c' };
      const signal = AbortSignal.timeout(10_000);
      expect(await hello({ ...to, timeoutMs: 2000, signal })).toBe('no-answer');
    }, 90_000);

    it('gives nothing to a peer without a certificate, or with one of another CA', {
      ...unless(onlyInAll),
      timeout: 120_000,
    }, async () => {
      const { a, b } = await two();
      await fillTable(a, entries);
      await eventually(async () => (await keptEntries(b, entries)) === entries, {
        timeoutMs: 15_000,
      });
      await b.stop();
      const other = createCa(directory, 'other-ca');
      const foreign = mountSecret(join(directory, 'foreign'), other.issue());
      // It takes our certificate; do we take its?
      const trusting = mountSecret(join(directory, 'trusting'), {
        ...other.issue(),
        ca: other.certificate + ca.certificate,
      });
      const wrong = membersFile(join(directory, 'wrong.json'));
      wrong.set(a, b);
      const wait = ['--join-timeout=1s', '--silence-limit=1s'];
      const told = [...wrong.sourceFlags, ...wait];

      /** How often a has connected to b, or tried to. */
      async function tries(): Promise<number> {
        const text = await a.ask('show peers');
        return Number(/ id=b\(remote[\s\S]*?new_conn=(\d+)/.exec(text)?.[1]);
      }
      async function entriesOf(
        sourceFlags: readonly string[],
        change: (text: string) => string = (text) => text,
      ): Promise<number> {
        // Name and address of a peer that is known: the name alone would be let in, and the address is connected to.
        const stranger = create('b', 2, [...told, ...sourceFlags]);
        await stranger.init();
        const config = readFileSync(stranger.configFile, 'utf8');
        writeFileSync(stranger.configFile, change(config));
        await stranger.startHaproxy();
        const before = await tries();
        const over = { timeoutMs: 30_000 };
        await eventually(async () => (await stranger.peers())?.resync !== 'pending', over);
        if ((await stranger.entries()) === 0) {
          await eventually(async () => (await tries()) > before + 1, over);
        }
        const held = await keptEntries(stranger, entries);
        await stranger.kill();
        return held;
      }
      async function outcome(tls: TlsMaterial | undefined): Promise<HelloOutcome> {
        const signal = AbortSignal.timeout(10_000);
        const to = { address: a.address, port: a.ports.peers, siblingName: 'a', ownName: 'b' };
        return hello({ ...to, timeoutMs: 2000, signal, tls });
      }

      expect(await outcome(undefined)).toBe('no-answer');
      expect(await outcome({ ...other.issue(), ca: ca.certificate })).toBe('tls-failed');
      expect(await outcome(other.issue())).toBe('tls-failed');
      expect(await entriesOf([])).toBe(0);
      expect(await entriesOf(foreign.flags)).toBe(0);
      expect(await entriesOf(trusting.flags)).toBe(0);
      const nameless = (text: string) =>
        text.replace(/default-server ssl .*/, 'default-server ssl verify none');
      expect(nameless(readFileSync(a.configFile, 'utf8'))).toContain('ssl verify none\n');
      expect(await entriesOf(foreign.flags, nameless)).toBe(0);
      // The same with a certificate of the CA: so it is the certificate that was missing.
      expect(await outcome(ca.issue())).toMatch(/known|busy/);
      expect(await entriesOf(secret.flags)).toBe(entries);
    });

    it('takes over renewed certificates and another CA, with one reload at most for each', {
      ...often,
      timeout: 120_000,
    }, async () => {
      const { a, b } = await two();
      await fillTable(a, entries);
      const pair = [a, b];
      const before = await Promise.all(pair.map((each) => each.reloads()));
      const reloads = async () =>
        (await Promise.all(pair.map((each) => each.reloads()))).map((n, i) => n - (before[i] ?? 0));
      async function renewTo(material: TlsMaterial): Promise<void> {
        secret.replace(material);
        for (const each of pair) {
          await eventually(async () => (await shown(each, material)) === fingerprint(material), {
            timeoutMs: 20_000,
            intervalMs: 100,
          });
          await eventually(
            () =>
              readFileSync(join(each.directory, 'etc', 'peers-tls.pem'), 'utf8') ===
              material.certificate + material.key,
          );
        }
      }

      await renewTo(ca.issue());
      await renewTo(ca.issue());
      expect(await reloads()).toEqual([0, 0]);

      const next = createCa(directory, 'next-ca');
      await renewTo(next.issue());
      await eventually(() => pair.every((each) => each.log().includes('"newCa":true')));
      expect(await reloads()).toEqual([0, 0]);

      // New sessions, under the new CA: the old one is trusted no more.
      await renewTo(next.issue());
      await eventually(async () =>
        (await reloads()).every((n) => n === (setup.losesTrack ? 1 : 0)),
      );
      await b.stop();
      await raise(b);

      expect(await keptEntries(b, entries)).toBe(entries);
      expect(await keptEntries(a, entries)).toBe(entries);
      expect(a.log()).not.toContain('"level":"error"');
    });
  });
}
