import { describe, expect, it } from 'vitest';
import { helpText } from '../../../../src/config/describe.ts';
import { options, optionsOf } from '../../../../src/config/options.ts';
import { loadConfig } from '../../../../src/config/validate.ts';
import { UserError } from '../../../../src/errors.ts';
import type { Option } from '../../../../src/model/option.ts';
import { notInRelayMode } from '../../../../src/modules/relay/options/relations.ts';

const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1', POD_UID: 'u-1' };
const relay = '--mode=relay';

function problemsOf(
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = env,
  command: 'init' | 'run' | 'doctor' = 'run',
): readonly string[] {
  try {
    loadConfig(command, argv, environment);
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

/** A value that asks for something. */
function exampleOf({ name, type, default: given }: Option): string {
  if (name === 'dataplane-url') return 'http://127.0.0.1:5556';
  if (typeof type !== 'string') return type.find((each) => each !== given) ?? '';
  if (type === 'boolean') return 'true';
  if (type === 'duration') return '3s';
  if (type === 'integer' || type === 'rate' || type === 'port') return '7';
  return name.endsWith('file') || name.endsWith('config') ? '/x' : 'x';
}

describe('--mode', () => {
  it('is reload unless it is given', () => {
    expect(loadConfig('run', [], env).config).toMatchObject({
      mode: 'reload',
      relayPort: 3001,
      relaySlots: 64,
      relayKeyFile: '/etc/haproxy-peer-sync/relay/key',
      relayPlaintext: false,
      podUid: 'u-1',
    });
  });

  it.each(['init', 'run', 'doctor'] as const)('relay is taken by %s', (command) => {
    const argv = [relay, ...(command === 'init' ? ['--template=/t/haproxy.cfg'] : [])];

    expect(loadConfig(command, argv, env).config.mode).toBe('relay');
  });

  it('relay needs the uid of the pod', () => {
    const { POD_UID: _, ...without } = env;

    expect(problemsOf([relay], without)).toEqual([
      expect.stringContaining('--pod-uid or POD_UID is missing'),
    ]);
    expect(problemsOf([], without)).toEqual([]);
  });

  it.each(Object.entries(notInRelayMode))('relay has no --%s: %s', (name, why) => {
    const option = (options as readonly Option[]).find((each) => each.name === name);
    if (option === undefined) throw new Error(`no option ${name}`);
    const command = option.commands.includes('run') ? 'run' : 'init';
    const argv = [`--${name}=${exampleOf(option)}`, '--template=/t/haproxy.cfg'];
    const host = { ...env, NODE_NAME: 'n', HOST_IP: '10.0.0.1', POD_NAME: 'web-1' };

    expect(problemsOf(argv, host, command)).toEqual([]);
    expect(problemsOf([relay, ...argv], host, command)).toEqual([
      `  - --${name} is not for --mode relay: ${why}`,
    ]);
  });

  it('relay refuses all of them in one message, by the name they were given by', () => {
    const found = problemsOf([relay, '--applier=dataplane', '--stagger=1s', '--relay-slots=0'], {
      ...env,
      HAPROXY_PEER_SYNC_PEERS_TLS: 'true',
    });

    expect(found.map((line) => line.split(' ').slice(3, 5).join(' '))).toEqual([
      '--relay-slots 0',
      '--applier is',
      'HAPROXY_PEER_SYNC_PEERS_TLS is',
      '--stagger is',
    ]);
  });

  it('relay takes what asks for nothing', () => {
    const argv = ['--peers-tls=false', '--expect-replicas=0', '--keep-peer='];

    expect(problemsOf([relay, ...argv])).toEqual([]);
  });

  it('relay takes certificates for the sidecars, and the files that hold them', () => {
    const certificates = [relay, '--relay-trust=certificates'];
    const files = ['certificate', 'key', 'ca'].map((part) => `--peers-tls-${part}=/t/${part}`);

    expect(loadConfig('run', [...certificates, ...files], env).config).toMatchObject({
      relayTrust: 'certificates',
      peersTlsCertificate: '/t/certificate',
      peersTlsKey: '/t/key',
      peersTlsCa: '/t/ca',
    });
    expect(
      problemsOf([...certificates, '--relay-plaintext', '--peers-tls', '--stagger=1s']),
    ).toEqual([
      '  - --relay-trust certificates and --relay-plaintext exclude each other',
      expect.stringMatching(/--peers-tls is not for .*give --relay-trust certificates, and/),
      expect.stringContaining('--stagger is not for'),
    ]);
    expect(problemsOf([relay, '--relay-trust=spiffe'])).toEqual([
      expect.stringContaining('--relay-trust "spiffe"'),
    ]);
  });

  it('relay takes the certificates of pods in reload mode as long as there are such pods', () => {
    const files = ['certificate', 'key', 'ca'].map((part) => `--peers-tls-${part}=/t/${part}`);
    const tls = ['--peers-tls', ...files, '--peers-tls-verify-host=peers'];

    expect(problemsOf([relay, '--relay-upgrade', ...tls])).toEqual([]);
    expect(problemsOf([relay, ...tls])).toHaveLength(tls.length);
    expect(problemsOf([relay, '--relay-upgrade=false', ...tls])).toHaveLength(tls.length);
  });

  it('relay takes the names of nodes, which pods in reload mode may have', () => {
    const { config } = loadConfig('run', [relay, '--peer-names=node'], {
      ...{ ...env, NODE_NAME: 'n', HOST_IP: '10.0.0.1' },
    });
    expect(config.peerNames).toBe('node');
  });

  it('relay takes the name of a Secret for init, where there is a key and a namespace', () => {
    const argv = [relay, '--template=/t/haproxy.cfg', '--relay-key-secret=keys'];
    const { POD_NAMESPACE: _, ...nowhere } = env;

    expect(problemsOf(argv, env, 'init')).toEqual([]);
    expect(problemsOf([...argv, '--source=file', '--members-file=/m'], nowhere, 'init')).toEqual([
      expect.stringContaining('--relay-key-secret is looked for there'),
    ]);
    expect(problemsOf([...argv, '--relay-plaintext'], env, 'init')).toHaveLength(1);
    expect(problemsOf([...argv, '--relay-trust=certificates'], env, 'init')).toHaveLength(1);
    const strange = [relay, '--template=/t/haproxy.cfg', '--relay-key-secret=../keys'];
    expect(problemsOf(strange, env, 'init')).toEqual([
      expect.stringContaining('is not a name of Kubernetes'),
    ]);
  });

  it('is taken back by itself: what the relay needs may stay', () => {
    expect(
      problemsOf(['--relay-port=4000', '--relay-slots=8', '--relay-trust=certificates']),
    ).toEqual([]);
  });
});

describe('numbers of the relay', () => {
  it.each(['0', '513'])('%s slots are refused', (count) => {
    expect(problemsOf([`--relay-slots=${count}`])).toEqual([
      `  - --relay-slots ${count} is not from 1 to 512`,
    ]);
  });

  it.each(['1', '512'])('%s slots are taken', (count) => {
    expect(problemsOf([`--relay-slots=${count}`])).toEqual([]);
  });

  it('a port that is taken is refused', () => {
    expect(problemsOf([relay, '--relay-port=3000'])).toEqual([
      '  - --relay-port and --peers-port are both 3000',
    ]);
    expect(problemsOf([relay, '--relay-port=8405'])).toEqual([
      '  - --relay-port and --listen are both 8405',
    ]);
  });
});

it('has a heading of its own in the help of what runs in the pod', () => {
  const heading = (command: 'init' | 'status') =>
    helpText(command, '').match(/^Relay mode:\n {2}--relay-port PORT/m);

  expect(heading('init')).not.toBeNull();
  expect(heading('status')).toBeNull();
  expect(optionsOf('status').map(({ name }) => name)).not.toContain('mode');
});
