import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder, testFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { createReplica, defaultPorts, type Replica } from '../../rig/replica.ts';
import { fileRoll } from '../../rig/roll.ts';

/** Established TCP connections to that port of one of these addresses, client and server side as one (proc(5), net/tcp). */
function sessions(addresses: readonly string[], port: number): readonly string[] {
  const ends = addresses.map((address) => {
    const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
    const hex = port.toString(16).padStart(4, '0');
    return `${bytes.reverse().join('')}:${hex}`.toUpperCase();
  });
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote = '', state]) => state === '01' && ends.includes(remote))
    .map(([, local, remote]) => `${local} ${remote}`)
    .sort();
}

const modern = programs.haproxy34 ?? programs.haproxy30;
const other = programs.haproxy30 ?? programs.haproxy;
const missing = missingOf({
  'HAProxy 3': modern,
  HAProxy: other,
  'Data Plane API': programs.dataplaneV3,
});

const findingsSchema = z.array(
  z.object({
    check: z.string(),
    level: z.enum(['ok', 'skipped', 'warning', 'failure']),
    what: z.string(),
    mend: z.string().optional(),
  }),
);

/** What a case breaks: the texts of the files as init wrote them, changed, and flags that come last. */
interface Broken {
  readonly config?: (text: string) => string;
  readonly yml?: (text: string) => string;
  /** The file with the user of the Data Plane API. */
  readonly users?: (text: string) => string;
  readonly password?: (text: string) => string;
  readonly passwordMode?: number;
  readonly flags?: (replica: Replica) => readonly string[];
}

type Case = readonly [title: string, broken: Broken, check: string, level: string, what: RegExp];

const cases: readonly Case[] = [
  [
    'a configuration that is not mounted',
    { flags: () => ['--haproxy-config=/nowhere/haproxy.cfg'] },
    ...(['haproxy.cfg', 'failure', /\/nowhere\/haproxy\.cfg cannot be read: ENOENT/] as const),
  ],
  [
    'no localpeer',
    { config: (text) => text.replace(/^ +localpeer .*\n/m, '') },
    ...(['localpeer', 'warning', /no localpeer .* hostname/] as const),
  ],
  [
    'a localpeer that is not the pod',
    { config: (text) => text.replace(/^( +localpeer).*/m, '$1 web-9') },
    ...(['localpeer', 'failure', /localpeer is web-9, and this peer is called web-1/] as const),
  ],
  [
    'a localpeer below the peers section',
    { config: (text) => `${text.replace(/^ +localpeer .*\n/m, '')}\nglobal\n  localpeer web-1\n` },
    ...(['localpeer', 'failure', /below the peers section/] as const),
  ],
  [
    'another name of the section',
    { flags: () => ['--peers-section=mypeers'] },
    ...(['section', 'failure', /no section "peers mypeers"/] as const),
  ],
  [
    'a section without this pod',
    { config: (text) => text.replace(/^ +(peer|server) web-1 .*\n/m, '') },
    ...(['section', 'failure', /lacks this pod's own line/] as const),
  ],
  [
    'ssl on a peer line',
    { config: (text) => text.replace(/^( +peer web-2 \S+).*/m, '$1 ssl verify none') },
    ...(['section', 'failure', /drops "ssl verify none" of peer web-2/] as const),
  ],
  [
    'two stores in a stick-table',
    { config: (text) => text.replace('store gpc0', 'store gpc0 store http_req_cnt') },
    ...(['lossy-lines', 'failure', /keeps only the last "store"/] as const),
  ],
  [
    'a stick-table without the section',
    { config: (text) => text.replace(' peers haproxy-peers\n', '\n') },
    ...(['sharing', 'failure', /no stick-table names the section haproxy-peers/] as const),
  ],
  [
    'no password file',
    { flags: () => ['--dataplane-password-file=/nowhere/password'] },
    ...(['password', 'failure', /\/nowhere\/password cannot be read/] as const),
  ],
  ['an empty password file', { password: () => '' }, 'password', 'failure', /is empty/],
  [
    'a password file for everybody',
    { passwordMode: 0o644 },
    ...(['password', 'warning', /can be read by everybody/] as const),
  ],
  [
    'another password than that of the userlist',
    { password: () => 'not-the-one-of-init' },
    ...(['userlist', 'failure', /does not match the password/] as const),
  ],
  [
    'a password that the Data Plane API refuses',
    { password: () => 'not-the-one-of-init' },
    ...(['dataplane', 'failure', /401|refused/] as const),
  ],
  [
    'no user in the userlist',
    { users: (text) => text.replace(/^ +user admin .*\n/m, '') },
    ...(['userlist', 'failure', /has no user admin/] as const),
  ],
  [
    'a hash with rounds',
    { users: (text) => text.replace(/\$6\$/, '$6$rounds=5000$') },
    ...(['userlist', 'failure', /kind that the Data Plane API refuses/] as const),
  ],
  [
    'a userlist that the Data Plane API looks for in haproxy.cfg',
    { yml: (text) => text.replace(/^ +userlist_file: .*\n/m, '') },
    ...(['userlist', 'failure', /haproxy\.cfg has no user admin/] as const),
  ],
  [
    'users in dataplaneapi.yml',
    { yml: (text) => text.replace(/^dataplaneapi:\n/m, 'dataplaneapi:\n  user:\n    - name: a\n') },
    ...(['userlist', 'warning', /users of its own/] as const),
  ],
  [
    'a Data Plane API on all addresses',
    { yml: (text) => text.replace(/host: .*/, 'host: 0.0.0.0') },
    ...(['dataplane-address', 'failure', /listens on 0\.0\.0\.0/] as const),
  ],
  [
    'a Data Plane API on another port',
    { yml: (text) => text.replace(/port: .*/, 'port: 5556') },
    ...(['dataplane-address', 'failure', /listens on port 5556/] as const),
  ],
  [
    'nobody at the address of the Data Plane API',
    { flags: ({ address }) => [`--dataplane-url=http://${address}:1`] },
    ...(['dataplane', 'failure', /ECONNREFUSED/] as const),
  ],
  [
    'a Data Plane API out on the network',
    { flags: () => ['--dataplane-url=http://192.0.2.1:5555', '--dataplane-timeout=200ms'] },
    ...(['dataplane-address', 'failure', /not on the loopback/] as const),
  ],
  [
    'a reload command that does nothing',
    { yml: (text) => text.replace(/reload_cmd: .*/, 'reload_cmd: "true"') },
    ...(['reload-strategy', 'failure', /does nothing and succeeds/] as const),
  ],
  [
    'a reload strategy that does not exist',
    { yml: (text) => text.replace(/reload_strategy: .*/, 'reload_strategy: runtime') },
    ...(['reload-strategy', 'failure', /"runtime" does not exist/] as const),
  ],
  [
    'a Data Plane API that does not know the master socket',
    { yml: (text) => text.replace(/ +master_runtime: .*\n/, '') },
    ...(['reload-strategy', 'warning', /does not reload over the master socket/] as const),
  ],
  [
    'a Data Plane API that writes another file',
    { yml: (text) => text.replace(/config_file: .*/, 'config_file: /tmp/other.cfg') },
    ...(['reload-strategy', 'failure', /writes \/tmp\/other\.cfg/] as const),
  ],
  [
    'no master socket',
    { flags: () => ['--master-socket=/nowhere/master.sock'] },
    ...(['master-socket', 'failure', /master\.sock did not answer/] as const),
  ],
  [
    'the stats socket in place of the master socket',
    { flags: ({ adminSocket }) => [`--master-socket=${adminSocket}`] },
    ...(['master-socket', 'failure', /is no master socket/] as const),
  ],
  [
    'no admin socket',
    { flags: () => ['--admin-socket=/nowhere/admin.sock'] },
    ...(['admin-socket', 'failure', /admin\.sock did not answer/] as const),
  ],
  [
    'a peers port on which HAProxy does not listen',
    { flags: () => ['--peers-port=3999'] },
    ...(['own-port', 'failure', /nothing listens on .*:3999/] as const),
  ],
  [
    'a port that somebody else has',
    { flags: () => ['--admin-socket=/nowhere/admin.sock', '--peers-port=8405'] },
    ...(['own-port', 'failure', /another program listens on .*:8405/] as const),
  ],
];

describe('doctor at a real replica', unless(missing), () => {
  const network = ownNetwork();
  const directory = suiteFolder();
  let replica: Replica;
  let sibling: Replica;
  let members: string;
  const servers: Server[] = [];

  beforeAll(async () => {
    const roll = fileRoll(directory);
    const { sourceFlags } = roll;
    members = join(directory, 'members.json');
    replica = createReplica(
      { haproxy: modern ?? '', dataplane: programs.dataplaneV3 ?? '', directory, sourceFlags },
      'web-1',
      `${network}.1`,
    );
    // Another version of HAProxy, and no Data Plane API.
    sibling = createReplica(
      { haproxy: other ?? '', dataplane: null, directory, sourceFlags },
      'web-2',
      `${network}.2`,
    );
    await roll.join(replica, sibling);
    await Promise.all([replica.init(), sibling.init()]);
    await Promise.all([replica.start(), sibling.start()]);
    await allReady([replica, sibling]);
    const established = async () => (await replica.peers())?.peers.some((peer) => peer.established);
    await eventually(async () => (await established()) === true, { timeoutMs: 20_000 });
  }, 90_000);
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  afterAll(async () => {
    await Promise.all([replica?.kill(), sibling?.kill()]);
  });

  /** Runs it with copies of the files of the replica, changed as the case says; later flags win. */
  async function doctor(broken: Broken = {}) {
    const scratch = testFolder();
    const etc = dirname(replica.configFile);
    const copy = (name: string, change: (text: string) => string = (text) => text) => {
      const path = join(scratch, name);
      writeFileSync(path, change(readFileSync(join(etc, name), 'utf8')), { mode: 0o600 });
      return path;
    };
    const config = copy('haproxy.cfg', broken.config);
    mkdirSync(join(scratch, 'dataplaneapi'));
    copy('dataplaneapi/users.cfg', broken.users);
    const password = copy('dataplaneapi.password', broken.password);
    if (broken.passwordMode !== undefined) chmodSync(password, broken.passwordMode);
    const dataplane = copy('dataplaneapi.yml', (text) =>
      (broken.yml ?? ((same: string) => same))(text.replaceAll(replica.configFile, config)),
    );
    const { exitCode, text } = await startProgram([
      ...['doctor', '--json', '--pod-name=web-1', `--pod-ip=${replica.address}`],
      ...['--source=file', `--members-file=${members}`],
      `--haproxy-config=${config}`,
      `--dataplane-password-file=${password}`,
      `--dataplane-config=${dataplane}`,
      `--admin-socket=${replica.adminSocket}`,
      `--master-socket=${replica.masterSocket}`,
      `--dataplane-url=http://${replica.address}:${defaultPorts.api}`,
      ...(broken.flags?.(replica) ?? []),
    ]).ended;
    const findings = findingsSchema.parse(JSON.parse(text));
    return { exitCode, findings, failures: findings.filter(({ level }) => level === 'failure') };
  }

  it('finds nothing wrong where nothing is, and says what differs between the replicas', async () => {
    const { exitCode, findings, failures } = await doctor();

    expect(failures).toEqual([]);
    expect(exitCode).toBe(0);
    expect(new Set(findings.map(({ check }) => check)).size).toBeGreaterThanOrEqual(14);
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'versions', level: 'warning' }),
    );
  });

  it('leaves the sessions between the replicas alone', async () => {
    const connected = () => sessions([replica.address, sibling.address], defaultPorts.peers);
    await eventually(() => connected().length > 0);
    const before = connected();

    const { findings } = await doctor();

    expect(connected()).toEqual(before);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'resync', level: 'ok' }));
    expect(findings).toContainEqual(expect.objectContaining({ check: 'peers-port', level: 'ok' }));
  });

  it.each(cases)('names %s', async (_, broken, check, level, what) => {
    const { exitCode, findings } = await doctor(broken);

    const found = findings.filter((finding) => finding.check === check && finding.level === level);
    expect(found.map((finding) => finding.what).join('\n')).toMatch(what);
    expect(found.every(({ mend = '' }) => mend !== '')).toBe(true);
    expect(exitCode).toBe(findings.some((finding) => finding.level === 'failure') ? 1 : 0);
  });

  async function withMember(name: string, address: string) {
    const path = join(directory, 'members-more.json');
    const known = JSON.parse(readFileSync(members, 'utf8'));
    writeFileSync(path, JSON.stringify([...known, { name, address }]));
    return doctor({ flags: () => [`--members-file=${path}`] });
  }

  it('names a sibling whose peers port swallows what is sent to it', async () => {
    const silent = createServer((socket) => socket.resume().on('error', () => {}));
    servers.push(silent);
    await new Promise<void>((resolve) => {
      silent.listen(defaultPorts.peers, `${network}.9`, resolve);
    });

    const { findings } = await withMember('web-9', `${network}.9`);

    const found = findings.find(({ check }) => check === 'peers-port');
    expect(found?.what).toContain(`web-9 drops what is sent to port ${defaultPorts.peers}`);
    expect(found?.mend).toContain('NetworkPolicy');
  });

  it('names an address where another peer answers', async () => {
    const { findings } = await withMember('web-7', sibling.address);

    expect(findings.find(({ check }) => check === 'peers-port')?.what).toContain(
      'at the address of web-7 another peer answers',
    );
  });

  it('names a sibling that does not know this pod', async () => {
    const { findings } = await doctor({ flags: () => ['--pod-name=web-3'] });

    const found = findings.filter(({ check }) => check === 'peers-port');
    expect(found.map(({ what }) => what).join('\n')).toMatch(
      /web-2 (does|do) not know this pod yet/,
    );
  });

  it('reads like a list on a terminal, with what mends it below', async () => {
    const { exitCode, text } = await startProgram([
      ...['doctor', '--pod-name=web-1', `--pod-ip=${replica.address}`],
      ...['--source=file', `--members-file=${members}`],
      ...['--haproxy-config=/nowhere', '--admin-socket=/nowhere', '--master-socket=/nowhere'],
      ...['--applier=direct'],
    ]).ended;

    expect(exitCode).toBe(1);
    expect(text).toMatch(/^FAILURE {2}haproxy\.cfg +\/nowhere cannot be read/m);
    expect(text).toMatch(/^ +mend: mount the volume/m);
    expect(text).toMatch(/^\d+ ok, \d+ warnings, \d+ failures$/m);
  });

  it('connects with no Data Plane API off the loopback, and says with what it would', async () => {
    let connections = 0;
    const server = createServer(() => {
      connections += 1;
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const listening = server.address();
    const port = typeof listening === 'object' ? listening?.port : undefined;
    // Not on the loopback by its text, and yet this machine.
    const url = `--dataplane-url=http://0.0.0.0:${port}`;

    const { findings } = await doctor({ flags: () => [url] });

    expect(connections).toBe(0);
    const found = findings.find(({ check }) => check === 'dataplane');
    expect(found?.level).toBe('failure');
    expect(found?.what).toMatch(/is not asked: it is not on the loopback/);
    expect(found?.mend).toMatch(/--allow-remote-dataplane/);
    const flags = () => [url, '--allow-remote-dataplane', '--dataplane-timeout=200ms'];
    await doctor({ flags });
    expect(connections).toBeGreaterThan(0);
  });

  it('lists all that is missing before it looks at anything', async () => {
    const { exitCode, text } = await startProgram(['doctor']).ended;

    expect(exitCode).toBe(2);
    expect(text).toContain('--pod-name or POD_NAME is missing');
    expect(text).toContain('fieldPath status.podIP');
    expect(text).toContain('--namespace or POD_NAMESPACE is missing');
  });

  it('knows a reload that HAProxy has refused', async () => {
    const good = readFileSync(replica.configFile, 'utf8');
    writeFileSync(replica.configFile, `${good}\nnonsense\n`);
    try {
      const { command } = await import('../../../src/haproxy/socket.ts');
      await command(replica.masterSocket, 'reload').catch(() => {});
      const failed = async () => {
        const { findings } = await doctor({ config: () => good });
        return findings.find(({ check }) => check === 'master-socket');
      };

      const found = await eventually(
        async () => {
          const finding = await failed();
          if (finding?.level !== 'failure') throw new Error('not yet');
          return finding;
        },
        { timeoutMs: 20_000 },
      );

      expect(found.what).toMatch(/reloads of HAProxy have failed/);
    } finally {
      writeFileSync(replica.configFile, good);
    }
  });
});
