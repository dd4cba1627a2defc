import { describe, expect, it } from 'vitest';
import { examine } from '../../../../src/doctor/examine.ts';
import type { Facts, RelayFact, SiblingFact } from '../../../../src/doctor/facts.ts';
import { moduleChecks } from '../../../../src/modules/checks.ts';
import { renderRelayCfg } from '../../../../src/modules/relay/section/render.ts';
import { addressOf } from '../../../helpers/dataplane-address.ts';
import { relayInput } from '../../../helpers/relay-input.ts';

const template = `global
  hard-stop-after 20s
backend sessions
  stick-table type string len 64 size 1m store gpc0 peers haproxy-peers
`;
const configText = renderRelayCfg(relayInput(template)).text;
const table = { name: 'sessions', type: 'string', size: 100, used: 3 };
const relay: RelayFact = {
  port: 3001,
  slots: 3,
  trust: 'key',
  keyFile: '/keys/key',
  key: { ok: true, value: { count: 1, mode: 0o440 } },
  hello: { where: 'unix@/var/run/haproxy/peers.sock', outcome: 'unknown-to-it' },
  ownPort: 'known',
};

function sibling(name: string, hello: SiblingFact['hello'] = 'known'): SiblingFact {
  const tables = [{ name: 'sessions', type: 'string', size: 100, shared: true }];
  return {
    name,
    address: '10.0.0.2',
    hello,
    status: { version: '1.0.0', haproxy: '2.6.1', tables },
  };
}

const admin = {
  version: '2.6.1',
  level: 'admin',
  peers: {
    section: 'haproxy-peers',
    resync: 'learned',
    localName: 'self',
    peers: [
      { name: 's1', local: false, address: '', established: true, lastStatus: 'ESTA' },
      { name: 's2', local: false, address: '', established: false, lastStatus: 'NAME' },
    ],
    tables: ['sessions'],
  },
  tables: [table],
} as const;

/** A replica that nothing is wrong with. Of the Data Plane API there is nothing, and nothing is missed. */
const well: Facts = {
  self: { name: 'web-1', address: '10.0.0.1' },
  localName: 'self',
  relay,
  podName: 'web-1',
  version: '1.0.0',
  env: {},
  container: { uid: 65532, directories: new Set(['/var/run/haproxy']) },
  options: {
    peersSection: 'haproxy-peers',
    peersPort: 3000,
    configFile: '/etc/haproxy/haproxy.cfg',
    passwordFile: '/etc/haproxy/password',
    dataplaneConfig: '/etc/haproxy/dataplaneapi.yml',
    dataplaneUrl: addressOf('http://127.0.0.1:5555'),
    dataplaneUser: 'admin',
    userlist: 'dataplaneapi',
    masterSocket: '/var/run/haproxy/master.sock',
    adminSocket: '/var/run/haproxy/admin.sock',
    namespace: 'edge',
    usesDataplane: false,
    usesKubernetes: true,
    statusPort: 8405,
  },
  selector: { ok: true, value: 'app=haproxy' },
  pods: {
    ok: true,
    value: {
      skewMs: 0,
      pods: ['web-1', 'web-2'].map((name) => ({ name, addresses: [], terminating: false })),
    },
  },
  configText: { ok: true, value: configText },
  dataplaneYml: { ok: false, why: 'not looked for' },
  password: { ok: false, why: 'not looked for' },
  dataplane: { ok: false, why: 'not looked for' },
  master: { ok: true, value: { failedReloads: 0 } },
  admin: { ok: true, value: admin },
  ownPort: 'refused',
  siblings: [sibling('web-2')],
};

const findings = (part: Partial<Facts> = {}) => examine({ ...well, ...part }, moduleChecks);
const wrong = (part: Partial<Facts>) => findings(part).filter(({ level }) => level !== 'ok');
const withRelay = (part: Partial<RelayFact>) => wrong({ relay: { ...relay, ...part } });
const withText = (value: string, part: Partial<Facts> = {}) =>
  wrong({ configText: { ok: true, value }, ...part });

describe('doctor in relay mode', () => {
  it('finds nothing where nothing is wrong, and looks at nothing of reload mode', () => {
    expect(wrong({})).toEqual([]);
    const checks = new Set(findings().map(({ check }) => check));

    for (const name of ['relay-section', 'relay-bind', 'relay-key', 'relay-port', 'resync'])
      expect(checks).toContain(name);
    for (const name of ['localpeer', 'sharing', 'tables', 'versions'])
      expect(checks).toContain(name);
    for (const name of [
      'dataplane',
      'password',
      'userlist',
      'peers-port',
      'own-port',
      'section',
      'loaded',
      'peers-tls',
    ])
      expect(checks).not.toContain(name);
  });

  it('looks at nothing of relay mode in the other one', () => {
    const { relay: _, localName: __, ...reload } = well;
    const checks = examine(reload, moduleChecks).map(({ check }) => check);

    expect(checks.filter((check) => check.startsWith('relay'))).toEqual([]);
    expect(checks).toContain('peers-port');
  });

  it.each([
    [
      'a section of reload mode',
      'global\n localpeer self\npeers haproxy-peers\n peer self :1\n',
      /has no slots for the sidecar/,
    ],
    ['no lesson', configText.replace(/^ *server lesson .*\n/m, ''), /lacks "lesson"/],
    [
      'chroot over a unix socket',
      configText.replace('global\n', 'global\n  chroot /jail\n'),
      /a reload would lose every entry: line 2: "chroot"/,
    ],
    [
      'another user',
      configText.replace('global\n', 'global\n  user haproxy\n'),
      /lose every entry: line 2: "user"/,
    ],
  ])('names %s', (_, text, what) => {
    const found = withText(text).filter(({ check }) => check === 'relay-section');

    expect(found).toEqual([
      expect.objectContaining({
        level: 'failure',
        what: expect.stringMatching(what),
        mend: expect.stringContaining('init'),
      }),
    ]);
  });

  it('names a local peer that is not self', () => {
    expect(withText(configText.replace('localpeer self', 'localpeer web-1'))).toEqual([
      expect.objectContaining({
        check: 'localpeer',
        level: 'failure',
        mend: 'global: localpeer self',
      }),
    ]);
  });

  it('counts slots: too few for the replicas, and others than the sidecar has been told', () => {
    const many = ['a', 'b', 'c', 'd'].map((name) => sibling(name, 'known'));
    const found = wrong({ siblings: many }).filter(({ check }) => check === 'relay-section');

    expect(found).toMatchObject(
      [{ level: 'failure', what: /4 other replicas, and slots for 3/ }].map(({ level, what }) => ({
        level,
        what: expect.stringMatching(what),
      })),
    );
    expect(withRelay({ slots: 64 })).toMatchObject([
      { check: 'relay-section', level: 'warning', what: '3 slots, and --relay-slots is 64' },
    ]);
  });

  it.each([
    ['wrong-name', /localpeer is not "self"/],
    ['no-answer', /does not answer as HAProxy does/],
    ['refused', /HAProxy runs, and nobody accepts/],
  ] as const)('says of an own HAProxy with %s what it is', (outcome, what) => {
    expect(withRelay({ hello: { where: 'x', outcome } })).toEqual([
      expect.objectContaining({
        check: 'relay-bind',
        level: 'failure',
        what: expect.stringMatching(what),
      }),
    ]);
  });

  it('does not say that a HAProxy which does not run accepts nobody', () => {
    const found = wrong({
      admin: { ok: false, why: 'down' },
      relay: { ...relay, hello: { where: 'x', outcome: 'refused' } },
    });

    expect(found.map(({ check }) => check)).toEqual(['admin-socket']);
  });

  it('names a key that is missing, for everybody, or not asked for', () => {
    const missing = { ok: false, why: 'ENOENT', hint: 'kubectl create secret' } as const;

    expect(withRelay({ key: missing })).toMatchObject([
      { check: 'relay-key', level: 'failure', mend: 'kubectl create secret' },
    ]);
    expect(withRelay({ key: { ok: true, value: { count: 1, mode: 0o644 } } })).toMatchObject([
      { check: 'relay-key', level: 'warning', mend: expect.stringContaining('0440') },
    ]);
    expect(withRelay({ trust: 'plaintext', key: null })).toMatchObject([
      { check: 'relay-key', level: 'warning' },
    ]);
  });

  it('looks at certificates where they are what sidecars know each other by', () => {
    const certified: RelayFact = { ...relay, trust: 'certificates', key: null };
    const day = 86_400_000;
    const withTls = (tls: Facts['tls']) =>
      wrong({ relay: certified, ...(tls === undefined ? {} : { tls }) });
    const valid = { ok: true, value: { endsInMs: 30 * day } } as const;

    expect(withTls(valid)).toEqual([]);
    expect(findings({ relay: certified, tls: valid })).toContainEqual(
      expect.objectContaining({ check: 'relay-certificates', level: 'ok' }),
    );
    expect(withTls({ ok: true, value: { endsInMs: 2 * day } })).toMatchObject([
      { check: 'relay-certificates', level: 'warning', what: expect.stringContaining('2 days') },
    ]);
    expect(withTls({ ok: true, value: { endsInMs: -1 } })).toMatchObject([
      { check: 'relay-certificates', level: 'failure', what: expect.stringContaining('expired') },
    ]);
    expect(withTls({ ok: false, why: 'no such file', code: 'FILE_READ_FAILED' })).toMatchObject([
      { check: 'relay-certificates', level: 'failure', mend: expect.stringContaining('mount') },
    ]);
  });

  it.each([
    ['key', 'relay-key', undefined],
    ['certificates', 'relay-certificates', { ok: true, value: { endsInMs: 1e10 } }],
  ] as const)(
    'names replicas with another %s, once, and not where ours cannot be used',
    (trust, check, tls) => {
      const siblings = [sibling('web-2'), sibling('web-3', 'tls-failed')];
      const own: RelayFact = { ...relay, trust, key: trust === 'key' ? relay.key : null };
      const part = tls === undefined ? {} : { tls };

      expect(wrong({ relay: own, siblings, ...part })).toMatchObject([
        { check, level: 'failure', what: expect.stringMatching(/^web-3 and this pod refuse/) },
      ]);
      const broken = { ok: false, why: 'broken' } as const;
      expect(
        wrong({
          relay: trust === 'key' ? { ...own, key: broken } : own,
          siblings,
          ...(trust === 'key' ? {} : { tls: broken }),
        }),
      ).toMatchObject([{ check, what: 'broken' }]);
    },
  );

  it('says that the port for a change between the modes is open', () => {
    expect(withRelay({ upgrade: false })).toEqual([]);
    expect(withRelay({ upgrade: true })).toMatchObject([
      { check: 'relay-upgrade', level: 'warning', what: expect.stringContaining('port 3000') },
    ]);
    expect(withRelay({ upgrade: true, upgradeTls: true })).toMatchObject([
      { level: 'warning', what: expect.stringContaining('a certificate of the CA and can send') },
    ]);
    // They are those of pods in reload mode, and have nothing to do with the key of the sidecars.
    const broken: Facts['tls'] = { ok: false, code: 'PEERS_TLS_INVALID', why: 'no key' };
    expect(wrong({ relay: { ...relay, upgrade: true, upgradeTls: true }, tls: broken })).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ check: 'relay-upgrade', level: 'failure', what: 'no key' }),
      ]),
    );
  });

  it('names sidecars that cannot be reached, here and there', () => {
    expect(withRelay({ ownPort: 'refused' })).toMatchObject([
      { check: 'relay-port', level: 'failure', what: expect.stringContaining('10.0.0.1:3001') },
    ]);
    const siblings = [sibling('web-2'), sibling('web-3', 'no-answer'), sibling('web-4', 'refused')];
    expect(wrong({ siblings })).toMatchObject([
      { check: 'relay-port', level: 'failure', what: expect.stringMatching(/^web-3 swallows/) },
      { check: 'relay-port', level: 'warning', what: expect.stringMatching(/of web-4$/) },
    ]);
  });

  it('counts sessions against the replicas that run', () => {
    const siblings = [sibling('web-2'), sibling('web-3')];

    expect(wrong({ siblings })).toMatchObject([
      {
        check: 'resync',
        level: 'warning',
        what: expect.stringMatching(/^2 other replicas run, and .* 1$/),
      },
    ]);
    for (const [state, level] of [
      ['pending', 'warning'],
      ['unknown', 'failure'],
    ] as const) {
      const peers = { ...admin.peers, resync: state };
      expect(wrong({ admin: { ok: true, value: { ...admin, peers } } })).toMatchObject([
        { check: 'resync', level },
      ]);
    }
    expect(wrong({ admin: { ok: true, value: { ...admin, peers: null } } })).toMatchObject([
      { check: 'resync', level: 'failure' },
    ]);
  });

  it('looks at the ports that this mode has', () => {
    const ownPod = {
      ok: true,
      value: {
        labels: {},
        annotations: {},
        initContainers: [],
        containers: ['istio-proxy'],
        ports: [],
        graceSeconds: 45,
      },
    } as const;
    const service = (port: number) => ({
      ...{ name: 'web', type: 'LoadBalancer', headless: false, ports: [{ port, target: port }] },
    });

    expect(wrong({ ownPod })).toMatchObject([
      { check: 'mesh', what: expect.stringContaining('3001 and 8405') },
    ]);
    expect(wrong({ services: { ok: true, value: [service(3001)] } })).toMatchObject([
      { check: 'service-ports', level: 'failure' },
    ]);
    expect(wrong({ services: { ok: true, value: [service(5555)] } })).toEqual([]);
  });
});
