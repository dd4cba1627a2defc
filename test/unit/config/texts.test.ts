import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { options } from '../../../src/config/options.ts';
import { loadConfig } from '../../../src/config/validate.ts';
import type { InitConfig } from '../../../src/config/values.ts';
import { findSections, splitLines } from '../../../src/config-text/config-text.ts';
import { renderDataplaneYml, renderReloadScript } from '../../../src/config-text/dataplane-yml.ts';
import { renderHaproxyCfg } from '../../../src/config-text/render.ts';
import { UserError } from '../../../src/errors.ts';
import type { Option } from '../../../src/model/option.ts';

const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1' };
const needed = ['--template=/template.cfg', '--dns=replicas'];

/** Right values of all options that are written into a file, put into a command, or shown as a part of one. */
const written: Readonly<Record<string, string>> = {
  'pod-name': 'web-1',
  'pod-ip': 'fd00::1',
  'node-name': 'node-1',
  'relay-key-secret': 'relay-keys',
  'haproxy-config': '/etc/haproxy/haproxy.cfg',
  'admin-socket': '/run/admin.sock',
  'master-socket': '/run/master.sock',
  'haproxy-bin': '/usr/sbin/haproxy',
  'dataplane-url': 'unix:/run/api.sock',
  'dataplane-user': 'admin',
  'dataplane-password-file': '/etc/haproxy/password',
  'dataplane-config': '/etc/haproxy/dataplaneapi.yml',
  'dataplane-userlist': 'controller',
  'peers-section': 'haproxy-peers',
  'peers-tls-verify-host': 'peers.example',
  service: 'haproxy',
  namespace: 'edge',
  dns: 'replicas.edge',
};

/** Files that are opened, and texts that are compared, sent as JSON or read with a grammar of their own. */
const onlyRead: ReadonlySet<string> = new Set([
  'aggregate-suffix',
  ...['template', 'labels-file', 'members-file', 'kubeconfig'],
  ...['peers-tls-certificate', 'peers-tls-key', 'peers-tls-ca', 'relay-key-file'],
  ...['snapshot', 'snapshot-key-file', 'snapshot-set'],
  ...['keep-peer', 'pod-ips', 'host-ip', 'dns-server', 'pod-uid'],
  ...['selector', 'listen'],
]);

const texts: ReadonlySet<Option['type']> = new Set<Option['type']>([
  ...(['string', 'list', 'selector', 'listen', 'dataplane-address'] as const),
]);

/** What a shell, socat, YAML, HCL, a URL, HAProxy or a terminal reads as more than a character. */
const hostile = [
  ...["'", '"', '`', '\\', ' ', '\n', '\r', '\t', '\0', '$(id)', '${HOME}', '$HOME', '%', '%0a'],
  ...[';', '&', '|', '<', '>', '(', ')', '{', '}', '[', ']', '*', '?', '!', '^', '#', ',', ': '],
  ...[
    'é',
    '\u0085',
    '\u2028',
    '\u202e',
    '\u001b[1m',
    "'; id; '",
    '\n  program p\n    command id\n',
  ],
];

function withInside(good: string) {
  return fc
    .tuple(fc.integer({ min: 1, max: good.length - 1 }), fc.constantFrom(...hostile))
    .map(([at, bad]) => good.slice(0, at) + bad + good.slice(at));
}

/** The options as init takes them; null: refused. */
function taken(values: Readonly<Record<string, string>>): InitConfig | null {
  const argv = Object.entries(values).map(([name, value]) => `--${name}=${value}`);
  try {
    return loadConfig('init', [...needed, ...argv], env).config;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return null;
  }
}

const template = 'defaults\n    mode http\nbackend sessions\n    stick-table type ip size 1k\n';

function files(config: InitConfig) {
  const { podName, podIp, haproxyConfig: configFile } = config;
  const { adminSocket, masterSocket, haproxyBin } = config;
  const { dataplaneUserlist: userlist, dataplaneUser, dataplaneUrl, peersTlsVerifyHost } = config;
  const directory = configFile.slice(0, configFile.lastIndexOf('/'));
  const { text: cfg } = renderHaproxyCfg({
    ...{ template, self: { name: podName, address: podIp }, members: [] },
    ...{ sectionName: config.peersSection, port: 3000, user: dataplaneUser, userlist },
    ...{ passwordHash: '$6$salt$hash', password: 'p', adminSocket, env: {} },
    tls: {
      bundle: `${directory}/p.pem`,
      ca: `${directory}/ca.pem`,
      verifyHost: peersTlsVerifyHost,
    },
  });
  const yml = renderDataplaneYml({
    ...{ podName, listen: dataplaneUrl.listen, userlist, configFile, masterSocket, haproxyBin },
    ...{ stateDirectory: `${directory}/dataplaneapi`, reloadScript: `${directory}/reload.sh` },
  });
  return { cfg, yml, script: renderReloadScript(masterSocket) };
}

const headers = (text: string) =>
  findSections(splitLines(text)).map(({ keyword, name }) => `${keyword} ${name}`);

describe('the text of an option', () => {
  it('is either written, and looked at, or only read', () => {
    const found = (options as readonly Option[])
      .filter(({ type, commands }) => texts.has(type) && commands.includes('init'))
      .map(({ name }) => name);

    expect(found.toSorted()).toEqual([...Object.keys(written), ...onlyRead].toSorted());
    expect(taken(written)).not.toBeNull();
  });

  it.each(Object.entries(written))(
    'is refused with a character that means more, or does not keep it: --%s',
    (name, good) => {
      fc.assert(
        fc.property(withInside(good), (text) => {
          const config = taken({ ...written, [name]: text });
          if (config === null) return;
          // A URL loses line breaks and is lower case then.
          expect(name).toBe('dataplane-url');
          expect(JSON.stringify(config.dataplaneUrl.listen)).toMatch(/^[\w{}":,./-]+$/);
        }),
        { numRuns: 200 },
      );
    },
  );

  it('names all options that are wrong in one message that a terminal can show', () => {
    const wrong = Object.keys(written).filter((name) => name !== 'dataplane-url');
    const argv = wrong.map((name) => `--${name}=${written[name]}'\n$(id)`);
    let message = '';
    try {
      loadConfig('init', [...needed, ...argv, "--dataplane-url=unix:/tmp/a'b"], env);
    } catch (error) {
      message = String(error);
    }

    for (const name of Object.keys(written)) expect(message).toContain(`--${name} `);
    expect(message).toMatch(/^[ -~\n]*$/);
    expect(message.split('\n')).toHaveLength(Object.keys(written).length + 1);
  });

  it('is refused where it is a host of the Data Plane API that none can have', () => {
    for (const host of ['$(id)', "a'b", '`id`', 'a;b', 'a&b', 'a!b', 'a*b', '{a}', 'a"b', 'a,b'])
      expect(taken({ 'dataplane-url': `http://${host}:5555` }), host).toBeNull();
  });

  /** Letters that every path may have, those that mean something elsewhere more often. */
  const path = fc
    .array(fc.string({ unit: fc.constantFrom(...'aZ09_.+=@~-'), minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((parts) => `/${parts.join('/')}`);
  const name = fc.oneof(
    fc.constantFrom('null', 'yes', 'on', '.inf', '0x1f', '1e3', '1_000', '12:30:45', '---', '.'),
    fc.string({ unit: fc.constantFrom(...'aZ09_.-'), minLength: 1, maxLength: 12 }),
  );
  const right = fc.record({
    ...{ 'haproxy-config': path, 'admin-socket': path, 'master-socket': path, 'haproxy-bin': path },
    ...{ 'dataplane-config': path, 'dataplane-password-file': path, 'dataplane-userlist': name },
    'dataplane-user': name.filter((text) => !text.includes(':')),
    'peers-section': name,
    'dataplane-url': path.map((socket) => `unix:${socket}`),
  });

  it('that is taken is read back from every file as it was given', () => {
    fc.assert(
      fc.property(right, (values) => {
        const config = taken({ ...written, ...values });
        if (config === null) throw new Error(`refused: ${JSON.stringify(values)}`);

        const { cfg, yml, script } = files(config);

        const { dataplaneapi, haproxy } = parse(yml);
        expect(dataplaneapi).toMatchObject({
          socket_path: values['dataplane-url'].slice('unix:'.length),
          userlist: { userlist: values['dataplane-userlist'] },
        });
        expect(haproxy).toMatchObject({
          config_file: values['haproxy-config'],
          haproxy_bin: values['haproxy-bin'],
          master_runtime: values['master-socket'],
        });
        expect(headers(cfg).toSorted()).toEqual(
          [
            ...['global ', 'defaults ', 'backend sessions'],
            ...[`userlist ${values['dataplane-userlist']}`, `peers ${values['peers-section']}`],
          ].toSorted(),
        );
        expect(cfg).toContain(`\n    user ${values['dataplane-user']} password `);
        expect(cfg).toContain(`stats socket ${values['admin-socket']} mode 660`);
        expect(script).toContain(`'UNIX-CONNECT:${values['master-socket']}'`);
        expect(script.split('\n')).toHaveLength(14);
      }),
    );
  });

  it('that is taken is one word of a shell, as in what doctor advises', () => {
    const paths = fc.sample(right, 200).map((values) => values['dataplane-password-file']);
    const script = `printf '%s\\n' ${paths.map((each) => `chmod 600 ${each}`).join(' ')}`;

    const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });

    expect(stdout).toBe(paths.map((each) => `chmod\n600\n${each}\n`).join(''));
  });
});
