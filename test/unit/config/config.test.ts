import { describe, expect, it } from 'vitest';
import { flagsMarkdown, helpText, maskedConfig } from '../../../src/config/describe.ts';
import { formatDuration, parseDuration } from '../../../src/config/duration.ts';
import { parseListen, reachedAt } from '../../../src/config/listen.ts';
import { envName, flagsOf, options, optionsOf, variablesOf } from '../../../src/config/options.ts';
import { loadConfig } from '../../../src/config/validate.ts';
import { UserError } from '../../../src/errors.ts';
import type { Option } from '../../../src/model/option.ts';

const commands = ['init', 'run', 'status', 'doctor', 'backends'] as const;
const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1' };

function problems(
  argv: readonly string[],
  environment: Record<string, string> = env,
  command: 'init' | 'run' | 'doctor' = 'run',
): string {
  try {
    loadConfig(command, argv, environment);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

describe('durations', () => {
  it.each([
    ['0', 0],
    ['250ms', 250],
    ['5s', 5000],
    ['5m', 300_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
    expect(parseDuration(formatDuration(ms))).toBe(ms);
  });

  it.each(['', '5', 's', '-5s', '5 s', '5sec', 'NaNs'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('loadConfig', () => {
  it('takes a flag before the environment before the default', () => {
    const fromEnv = { ...env, HAPROXY_PEER_SYNC_PEERS_PORT: '4000' };

    expect(loadConfig('run', ['--peers-port', '5000'], fromEnv).config.peersPort).toBe(5000);
    expect(loadConfig('run', [], fromEnv).config.peersPort).toBe(4000);
    expect(loadConfig('run', [], env).config.peersPort).toBe(3000);
  });

  it('takes the own variable before the one of the downward API', () => {
    const both = { ...env, HAPROXY_PEER_SYNC_POD_NAME: 'other' };

    expect(loadConfig('run', [], both).config.podName).toBe('other');
  });

  it('reads the defaults the design promises', () => {
    const { config, hints } = loadConfig('run', [], env);

    expect(config).toMatchObject({
      peersSection: 'haproxy-peers',
      peersPort: 3000,
      dataplaneUser: 'admin',
      dataplaneUrl: { base: 'http://127.0.0.1:5555', isLocal: true },
      haproxyConfig: '/etc/haproxy/haproxy.cfg',
      dataplanePasswordFile: '/etc/haproxy/dataplaneapi.password',
      adminSocket: '/var/run/haproxy/admin.sock',
      masterSocket: '/var/run/haproxy/master.sock',
      labelsFile: '/etc/podinfo/labels',
      listen: { host: '', port: 8405 },
      reconcileInterval: 30_000,
      removalDelay: 300_000,
      joinTimeout: 60_000,
      keepPeer: [],
      dryRun: false,
    });
    expect(hints).toEqual([]);
  });

  it('joins repeated and comma-separated lists', () => {
    const { config } = loadConfig('run', ['--keep-peer', 'x,y', '--keep-peer=z'], env);

    expect(config.keepPeer).toEqual(['x', 'y', 'z']);
  });

  it('takes a boolean with and without a value', () => {
    expect(loadConfig('run', ['--dry-run'], env).config.dryRun).toBe(true);
    expect(loadConfig('run', ['--dry-run=false'], env).config.dryRun).toBe(false);
  });

  it('lists every problem in one message', () => {
    const message = problems(
      [
        '--peers-port',
        '0',
        '--reconcile-interval=soon',
        '--bogus',
        '--source',
        'magic',
        '--selector',
      ],
      {
        POD_NAME: 'bad name',
        HAPROXY_PEER_SYNC_LISTEN: 'nowhere',
      },
    );

    for (const part of [
      '--peers-port "0"',
      '--reconcile-interval "soon"',
      '--bogus',
      '--source "magic"',
      '--selector needs a value',
      'bad name',
      'nowhere',
      'POD_IP',
    ]) {
      expect(message).toContain(part);
    }
  });

  it('refuses a duration that would have it ask without a pause, or is longer than a year', () => {
    const text = problems([
      ...['--reconcile-interval=0', '--dns-interval=1ms', '--relist-interval=10ms'],
      ...['--failure-backoff=0', '--removal-delay=8761h', '--stagger=1e9h'],
    ]);

    for (const part of [
      '--reconcile-interval "0" is shorter than 10ms',
      '--dns-interval "1ms" is shorter than 100ms',
      '--relist-interval "10ms" is shorter than 1s',
      '--failure-backoff "0" is shorter than 1ms',
      '--removal-delay "8761h" is longer than 8760h',
      '--stagger "1e9h" is not a duration',
    ]) {
      expect(text).toContain(part);
    }
    const { config } = loadConfig('run', ['--reconcile-interval=1000h', '--stagger=0'], env);
    expect(config).toMatchObject({ reconcileInterval: 3_600_000_000, stagger: 0 });
  });

  it('refuses a rate of nothing, by which it would divide', () => {
    const text = problems(['--handover-rate=0', '--update-rate=0']);

    expect(text).toContain('--handover-rate');
    expect(text).toContain('--update-rate');
    expect(text).toContain('is not a whole number from 1 to');
    expect(loadConfig('run', ['--update-rate=1'], env).config.updateRate).toBe(1);
  });

  it('says what expected replicas and names of nodes need', () => {
    const load = (...flags: string[]) => loadConfig('run', flags, env);

    expect(() => load('--expect-replicas=3', '--pod-name=web-x')).toThrow(/end with a number/);
    expect(() => load('--expect-replicas=3', '--pod-name=web-0')).not.toThrow();
    expect(() => load('--peer-names=node')).toThrow(/NODE_NAME[\s\S]*HOST_IP/);
    expect(() => load('--peer-names=node', '--node-name=n', '--host-ip=10.0.0.1')).not.toThrow();
  });

  it('names what init and the file source need', () => {
    expect(problems(['--source', 'file'], env, 'init')).toMatch(/--template[\s\S]*|--members-file/);
    expect(problems(['--source', 'file'], env, 'init')).toContain('--members-file');
  });

  it('follows a Service or a name that is given, unless told to do otherwise', () => {
    const load = (...flags: string[]) => loadConfig('run', flags, env).config.source;

    expect(load('--service=haproxy')).toBe('service');
    expect(load('--dns=haproxy.edge.svc')).toBe('dns');
    expect(load('--service=haproxy', '--source=kubernetes')).toBe('kubernetes');
    expect(() => load('--source=service')).toThrow(/--service/);
    expect(() => load('--source=dns')).toThrow(/--dns /);
    expect(() => load('--dns=haproxy', '--expect-replicas=3', '--pod-name=web-0')).toThrow(
      /--source dns does not know/,
    );
  });

  it('accepts the flags of the tool it replaces, with hints', () => {
    const argv = [
      '--service=haproxy',
      '-namespace',
      'edge',
      '--user=boss',
      '--data-plane-api-address',
      '127.0.0.1:6666',
      '--peer-section-name=p',
      '--network-interface=eth0',
      '--startup-delay=2s',
      '--peer-port=3333',
      '--password',
      'hunter2',
    ];

    const { config, hints } = loadConfig('run', argv, env);

    expect(config).toMatchObject({
      source: 'service',
      service: 'haproxy',
      dataplaneUser: 'boss',
      dataplaneUrl: { text: 'http://127.0.0.1:6666' },
      peersSection: 'p',
      peersPort: 3333,
      dataplanePassword: 'hunter2',
      namespace: 'edge',
    });
    expect(hints).toHaveLength(7);
    expect(hints.join()).not.toContain('hunter2');
  });

  it('says in one message what is wrong with addresses and the selector', () => {
    const text = problems([
      '--dataplane-url=http://10.0.0.1:5555',
      '--listen=localhost:1',
      '--selector=app in (',
      '--peers-port=0',
    ]);

    expect(text).toMatch(/--dataplane-url "http:\/\/10\.0\.0\.1:5555".* is not on the loopback/);
    expect(text).toMatch(/--listen "localhost:1" is not :PORT/);
    expect(text).toMatch(/--selector "app in \(" is wrong/);
    expect(text).toMatch(/--peers-port "0"/);
    // doctor tells it among its findings.
    expect(loadConfig('doctor', ['--dataplane-url=http://10.0.0.1'], env).hints).toEqual([]);
    const remote = ['--dataplane-url=http://10.0.0.1', '--allow-remote-dataplane'];
    expect(loadConfig('run', remote, env).config.dataplaneUrl.isLocal).toBe(false);
  });

  it('shows addresses as text', () => {
    const { config } = loadConfig('run', ['--listen=127.0.0.1:1'], env);

    expect(maskedConfig(config)).toMatchObject({
      listen: '127.0.0.1:1',
      'dataplane-url': 'http://127.0.0.1:5555',
    });
  });

  it('masks secrets wherever it shows the configuration', () => {
    const { config } = loadConfig('run', ['--dataplane-password=hunter2'], env);

    const shown = JSON.stringify(maskedConfig(config));

    expect(shown).not.toContain('hunter2');
    expect(shown).toContain('<redacted>');
    expect(shown).toContain('"reconcile-interval":"30s"');
  });
});

describe('what somebody else may have written', () => {
  const links = ['tcp://10.96.0.7:3000', 'udp://[fd00::7]:53', 'sctp://10.0.0.1:1'];

  it.each(links)('is not an option: a variable of a Service, %s', (link) => {
    for (const option of options) {
      const name = envName(option);
      const { config, hints } = loadConfig('run', [], { ...env, [name]: link });

      const expected = (option.commands as readonly string[]).includes('run') ? 1 : 0;
      expect(hints.filter((hint) => hint.includes(name))).toHaveLength(expected);
      expect(config).toEqual(loadConfig('run', [], env).config);
    }
  });

  it('says how to keep such variables out, and takes the flag all the same', () => {
    const linked = { ...env, HAPROXY_PEER_SYNC_PEERS_PORT: 'tcp://10.96.0.7:3000' };

    expect(loadConfig('run', [], linked).hints.join()).toContain('enableServiceLinks: false');
    expect(loadConfig('run', ['--peers-port=1024'], linked)).toMatchObject({
      config: { peersPort: 1024 },
      hints: [],
    });
  });

  it('is never shown where a flag is mistyped', () => {
    const secret = 'hunter2';
    const typed = [
      [`--dataplane-pasword=${secret}`],
      ['--dataplane-pasword', secret],
      ['-dataplane-pasword', secret],
      [`-p${secret.slice(6)}`, secret],
      [`-p=${secret}`],
      [`--dataplane-password:${secret}`],
      ['--dataplane-password=a', secret],
      ['--', secret],
      ['--', `--x=${secret}`],
      [`--dataplane-url=http://admin:${secret}@127.0.0.1:5555`],
      [secret],
    ];
    for (const argv of typed) {
      const message = problems(argv, env);
      expect(message, argv.join(' ')).not.toContain(secret);
    }
    expect(problems(['--dataplane-pasword=x'], env)).toContain(
      '--dataplane-pasword is not an option of run',
    );
  });

  it('is refused where a shell, socat, YAML or HAProxy would read more than a name or path', () => {
    const hostile = [
      '/run/$(id).sock',
      '/run/a"b',
      '/run/a b',
      '/run/a\nb',
      '/run/a,b',
      'run/a',
      '/run/`id`',
    ];
    for (const path of hostile) {
      const message = problems(
        [`--admin-socket=${path}`, `--master-socket=${path}`, `--haproxy-config=${path}`],
        env,
      );
      for (const flag of ['--admin-socket', '--master-socket', '--haproxy-config'])
        expect(message).toContain(flag);
      expect(message).toMatch(/^[ -~\n]*$/);
    }
    const message = problems(
      [
        ...[
          '--dataplane-user=a b',
          '--dataplane-userlist=a\nb',
          '--peers-section=a b',
          '--haproxy-bin=a;b',
        ],
        ...['--service=a,b=c', '--namespace=../x', '--keep-peer=a b', '--dns=a b'],
        '--peers-tls-verify-host=a b',
      ],
      env,
      'doctor',
    );
    for (const flag of 'dataplane-user dataplane-userlist peers-section haproxy-bin service namespace keep-peer dns peers-tls-verify-host'.split(
      ' ',
    ))
      expect(message).toContain(`--${flag} `);
  });
});

describe('the option table', () => {
  it('has unique names and variables, and a full sentence for each', () => {
    const names = options.map((option) => option.name);

    expect(new Set(names).size).toBe(names.length);
    expect(new Set(options.map(envName)).size).toBe(names.length);
    for (const option of options) expect(option.description).toMatch(/^[A-Z].*[.]$/);
  });

  it('uses no name or variable twice, those of before included', () => {
    const flags = (options as readonly Option[]).flatMap(flagsOf);
    const variables = (options as readonly Option[]).flatMap(variablesOf);

    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it.each(commands)('has the help of %s under headings, each option once', (command) => {
    const help = helpText(command, 'x');
    const headings = help.split('\n').filter((line) => /^[A-Z].*:$/.test(line));
    const sidecar = [
      'Basic options:',
      'TLS between the peers:',
      'Relay mode:',
      'Snapshots:',
      ...(command === 'run' || command === 'doctor' ? ['Backends of Services:'] : []),
      'Sums over all replicas:',
      'Tuning (the defaults suit most set-ups):',
    ];

    const alone = ['Basic options:', 'Backends of Services:', sidecar.at(-1)];
    const expected = { status: ['Options:'], backends: alone }[command as string] ?? sidecar;
    expect(headings).toEqual(expected);
    const shown = [...help.matchAll(/^ {2}(?:-[a-z], )?--([\w-]+)/gm)].map(([, name]) => name);
    expect(shown.toSorted()).toEqual(
      optionsOf(command)
        .map(({ name }) => name)
        .toSorted(),
    );
    const basic = help.slice(0, help.indexOf(`\n${headings[1]}`));
    if (command !== 'status') expect(basic).toContain('--haproxy-config STRING');
    expect(basic).not.toMatch(/--(peers-tls|[\w-]+-limit|stagger)/);
  });

  it('makes the help and the reference from itself', () => {
    const help = helpText('run', 'x');

    for (const option of options) {
      expect(flagsMarkdown()).toContain(`\`--${option.name}\``);
      expect(help.includes(`--${option.name} `) || help.includes(`--${option.name}\n`)).toBe(
        (option.commands as readonly string[]).includes('run'),
      );
    }
  });
});

describe('who listens is reached', () => {
  it.each([
    [':8405', '127.0.0.1'],
    ['0.0.0.0:8405', '127.0.0.1'],
    ['[::]:8405', '::1'],
    ['10.0.0.7:8405', '10.0.0.7'],
    ['[fd00::7]:8405', 'fd00::7'],
  ])('at %s by %s', (text, expected) => {
    const listen = parseListen(text);
    expect(listen && reachedAt(listen)).toBe(expected);
  });
});

describe('parseListen', () => {
  it.each([
    [':8405', { host: '', port: 8405 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:80', { host: '::1', port: 80 }],
  ])('reads %s', (text, expected) => {
    expect(parseListen(text)).toEqual({ ...expected, text });
  });

  it.each(['', '8405', 'localhost:1', ':70000', '::1:80'])('refuses %j', (text) => {
    expect(parseListen(text)).toBeUndefined();
  });
});
