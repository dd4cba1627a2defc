import { describe, expect, it } from 'vitest';
import { examine } from '../../../src/doctor/examine.ts';
import type { Facts, Finding, SiblingFact } from '../../../src/doctor/facts.ts';
import { moduleChecks } from '../../../src/modules/checks.ts';
import { addressOf } from '../../helpers/dataplane-address.ts';

const configText = `global
  hard-stop-after 20s
    localpeer web-1
userlist dataplaneapi
    user admin password $6$salt$hash
peers haproxy-peers
    peer web-1 10.0.0.1:3000
    peer web-2 10.0.0.2:3000
backend sessions
    stick-table type string len 64 size 1m store gpc0 peers haproxy-peers
`;
const table = { name: 'sessions', type: 'string', size: 100, used: 3 };
const admin = {
  version: '3.4.1',
  level: 'admin',
  peers: {
    section: 'haproxy-peers',
    resync: 'learned',
    localName: 'web-1',
    peers: [
      {
        name: 'web-2',
        local: false,
        address: '10.0.0.2:3000',
        established: true,
        lastStatus: 'ESTA',
      },
    ],
    tables: ['sessions'],
  },
  tables: [table],
} as const;
const web2: SiblingFact = {
  name: 'web-2',
  address: '10.0.0.2',
  hello: 'known',
  status: { version: '1.0.0', haproxy: '3.4.1', tables: [{ ...table, shared: true }] },
};
const pod = { addresses: ['10.0.0.1'], terminating: false };

/** A replica that nothing is wrong with. The password's hash is looked at where the real one is. */
const well: Facts = {
  self: { name: 'web-1', address: '10.0.0.1' },
  podName: 'web-1',
  version: '1.0.0',
  env: { HOSTNAME: 'web-1' },
  container: { uid: 65532, directories: new Set(['/var/run/haproxy', '/etc/haproxy']) },
  options: {
    peersSection: 'haproxy-peers',
    peersPort: 3000,
    configFile: '/etc/haproxy/haproxy.cfg',
    passwordFile: '/etc/haproxy/dataplaneapi.password',
    dataplaneConfig: '/etc/haproxy/dataplaneapi.yml',
    dataplaneUrl: addressOf('http://127.0.0.1:5555'),
    dataplaneUser: 'admin',
    userlist: 'dataplaneapi',
    masterSocket: '/var/run/haproxy/master.sock',
    adminSocket: '/var/run/haproxy/admin.sock',
    namespace: 'edge',
    usesDataplane: true,
    usesKubernetes: true,
    statusPort: 8405,
  },
  selector: { ok: true, value: 'app=haproxy' },
  pods: {
    ok: true,
    value: { skewMs: 200, pods: ['web-1', 'web-2'].map((name) => ({ name, ...pod })) },
  },
  configText: { ok: true, value: configText.replace('$6$', '$5$') },
  dataplaneYml: {
    ok: true,
    value: 'haproxy:\n  master_runtime: /var/run/haproxy/master.sock\n  master_worker_mode: true\n',
  },
  password: { ok: true, value: { text: 'secret', mode: 0o600 } },
  dataplane: { ok: true, value: { api: 'v3.4.1 abc', inMemory: '3', onDisk: '3' } },
  master: { ok: true, value: { failedReloads: 0 } },
  admin: { ok: true, value: admin },
  ownPort: 'unknown-to-it',
  siblings: [web2],
};

function wrong(facts: Partial<Facts>): readonly Finding[] {
  return examine({ ...well, ...facts }, moduleChecks).filter(({ level }) => level !== 'ok');
}

function admins(change: object): Partial<Facts> {
  return { admin: { ok: true, value: { ...admin, ...change } } };
}

function peers(change: object): Partial<Facts> {
  return admins({ peers: { ...admin.peers, ...change } });
}

function siblings(change: object): Partial<Facts> {
  return { siblings: [{ ...web2, ...change }] };
}

describe('the checks of doctor', () => {
  it('say that all is well where it is', () => {
    expect(wrong({})).toEqual([]);
  });

  const cases: readonly (readonly [string, Partial<Facts>, string, RegExp])[] = [
    [
      'running replicas that nobody else stands in for',
      { leftOut: { replicas: ['web-3'], alike: [], alone: true } },
      ...(['left-out', /"app=haproxy" leaves out web-3, running replicas of the same/] as const),
    ],
    [
      'pods that look alike',
      { leftOut: { replicas: [], alike: ['canary'], alone: true } },
      ...(['left-out', /leaves out canary, which have the labels/] as const),
    ],
    [
      'a clock that is apart',
      { pods: { ok: true, value: { skewMs: -90_000, pods: [{ name: 'web-1', ...pod }] } } },
      ...(['api-server', /90 s behind this node's/] as const),
    ],
    [
      'a Data Plane API that cannot reload this HAProxy',
      { dataplane: { ok: true, value: { api: 'v3.2.2 abc', inMemory: '3', onDisk: '3' } } },
      ...(['dataplane', /v3\.2\.2 abc cannot reload HAProxy 3\.4\.1/] as const),
    ],
    [
      'a Data Plane API that is apart from its file',
      { dataplane: { ok: true, value: { api: 'v3.4.1', inMemory: '4', onDisk: '3' } } },
      ...(['dataplane', /holds version 4 .* file is version 3/] as const),
    ],
    [
      'a section without a line for lessons',
      { options: { ...well.options, lessons: true } },
      ...(['lessons', /no lessons: section haproxy-peers has no line for lessons/] as const),
    ],
    [
      'a replica whose port for lessons is closed',
      {
        options: { ...well.options, lessons: true, relayPort: 3001 },
        ...siblings({ link: 'no-answer' }),
      },
      ...(['lessons-port', /port 3001 of web-2 gets no answer/] as const),
    ],
    [
      'a replica without lessons',
      {
        options: { ...well.options, lessons: true, relayPort: 3001 },
        ...siblings({ link: 'refused' }),
      },
      ...(['lessons-port', /nobody listens on port 3001 of web-2/] as const),
    ],
    [
      'a replica with another key for lessons',
      {
        options: { ...well.options, lessons: true, relayPort: 3001 },
        ...siblings({ link: 'tls-failed' }),
      },
      ...(['lessons-port', /web-2 and this pod refuse each other/] as const),
    ],
    ['an old HAProxy', admins({ version: '2.2.0' }), 'haproxy-version', /too old/],
    [
      'a HAProxy without hard-reload',
      { ...admins({ version: '2.6.12' }), ...siblings({ status: null }) },
      ...(['haproxy-version', /has no hard-reload/] as const),
    ],
    ['a socket of a lower level', admins({ level: 'operator' }), 'admin-socket', /operator/],
    ['a section that does not run', admins({ peers: null }), 'resync', /runs without the section/],
    [
      'a sibling that is not loaded',
      peers({ peers: [] }),
      'loaded',
      /has web-2, and HAProxy has not/,
    ],
    ['a resync under way', peers({ resync: 'pending' }), 'resync', /not finished/],
    ['a format of the future', peers({ resync: 'unknown' }), 'resync', /not understood/],
    [
      'a sibling that is not connected',
      peers({ peers: [{ ...admin.peers.peers[0], established: false }] }),
      ...(['resync', /no session with web-2/] as const),
    ],
    [
      'a table of another type',
      siblings({ status: { ...web2.status, tables: [{ ...table, type: 'ip', shared: true }] } }),
      ...(['tables', /type string here and ip on web-2/] as const),
    ],
    [
      'a table of another size',
      siblings({ status: { ...web2.status, tables: [{ ...table, size: 50, shared: true }] } }),
      ...(['tables', /size 100 here and 50 on web-2/] as const),
    ],
    [
      'another version of the sidecar',
      siblings({ status: { ...web2.status, version: '0.9.0' } }),
      ...(['sidecar-versions', /there is 0\.9\.0 on web-2/] as const),
    ],
    [
      'peers without HAProxy',
      siblings({ hello: 'refused' }),
      ...(['peers-port', /nothing listens on port 3000 of web-2/] as const),
    ],
    ['the port of another replica', { ownPort: 'wrong-name' }, 'own-port', /of another replica/],
    ['a port without HAProxy', { ownPort: 'refused' }, 'own-port', /nothing listens/],
    [
      'failed reloads',
      { master: { ok: true, value: { failedReloads: 2 } } },
      ...(['master-socket', /last 2 reloads/] as const),
    ],
  ];

  it.each(cases)('name %s', (_, facts, check, what) => {
    const found = wrong(facts);

    expect(found.map((finding) => finding.check)).toContain(check);
    expect(found.find((finding) => finding.check === check)?.what).toMatch(what);
    expect(found.every(({ mend = '' }) => mend !== '')).toBe(true);
  });

  it('does not say that all run the same HAProxy where nobody tells what it runs', () => {
    const silent = { ...web2, status: null };
    const down = { ok: false, why: 'no answer' } as const;
    const found = examine({ ...well, admin: down, siblings: [silent] }, moduleChecks);

    expect(found.map(({ check }) => check)).not.toContain('versions');
    expect(examine(well, moduleChecks).map(({ check }) => check)).toContain('versions');
  });

  it.each(['2.9.17', '3.0.13', '3.2.4', '3.3.0', '3.4.2'])(
    'trust Data Plane API %s with a new HAProxy',
    (version) => {
      const dataplane = {
        ok: true,
        value: { api: `v${version}`, inMemory: '3', onDisk: '3' },
      } as const;

      expect(wrong({ dataplane })).toEqual([]);
    },
  );
});

describe('TLS between the peers', () => {
  const sectionWithTls = configText.replace(
    / {4}peer web-1[\s\S]*3000\n(?=backend)/,
    `    default-server ssl crt x ca-file y verify required
    bind 10.0.0.1:3000 ssl crt x ca-file y verify required
    server web-1
    server web-2 10.0.0.2:3000
`,
  );
  const good: Facts = {
    ...well,
    configText: { ok: true, value: sectionWithTls },
    tls: { ok: true, value: { endsInMs: 60 * 86_400_000 } },
  };
  const found = (part: Partial<Facts>) =>
    examine({ ...good, ...part }, moduleChecks).filter(({ check }) => check === 'peers-tls');

  it('is not spoken of where it is off', () => {
    expect(examine(well, moduleChecks).filter(({ check }) => check === 'peers-tls')).toEqual([]);
  });

  it('is well when the files fit, the section has it, and the siblings accept us', () => {
    expect(found({})).toEqual([
      expect.objectContaining({ level: 'ok', what: expect.stringContaining('60 days') }),
    ]);
  });

  it.each<[string, Partial<Facts>, string, string, string]>([
    [
      'a file is missing',
      { tls: { ok: false, why: 'tls.crt cannot be read', code: 'FILE_READ_FAILED', hint: 'x' } },
      'failure',
      'cannot be read',
      'mount a Secret',
    ],
    [
      'the key is of another certificate',
      {
        tls: { ok: false, why: 'not the key', code: 'PEERS_TLS_INVALID', hint: 'as cert-manager' },
      },
      'failure',
      'not the key',
      'as cert-manager',
    ],
    [
      'it has expired',
      { tls: { ok: true, value: { endsInMs: -1 } } },
      'failure',
      'expired',
      'cert-manager',
    ],
    [
      'it ends soon',
      { tls: { ok: true, value: { endsInMs: 3.5 * 86_400_000 } } },
      'warning',
      '3 days',
      'cert-manager',
    ],
    [
      'the section has none',
      { configText: well.configText },
      'failure',
      'does not ask',
      'init --peers-tls',
    ],
    [
      'only the section has it',
      { tls: null },
      'failure',
      'without --peers-tls',
      'HAPROXY_PEER_SYNC_PEERS_TLS',
    ],
    [
      'a sibling has another CA',
      { siblings: [{ ...web2, hello: 'tls-failed' }] },
      'failure',
      'web-2 and this pod refuse',
      'one CA',
    ],
  ])('says so when %s, and what mends it', (_, part, level, what, mend) => {
    expect(found(part)).toContainEqual({
      check: 'peers-tls',
      level,
      what: expect.stringContaining(what),
      mend: expect.stringContaining(mend),
    });
  });
});
