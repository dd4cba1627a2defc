const noApi = 'there is no Data Plane API';
const noWrite = 'haproxy.cfg does not change while HAProxy runs';
const noReload = 'HAProxy is not reloaded when replicas come and go';
const noWait = 'init waits for nobody';
const ownTrust =
  'HAProxy talks to its own sidecar only; for certificates between the sidecars give --relay-trust certificates, and for pods in reload mode with TLS --relay-upgrade';
const ownName =
  'a peer is one whose certificate has a name that ours has, too; pods in reload mode need --relay-upgrade';
const notYet = 'the template is read when a pod starts: roll the workload out';

/** Options of reload mode that mean nothing in relay mode, and why. */
export const notInRelayMode: Readonly<Record<string, string>> = {
  applier: noWrite,
  'dry-run': noWrite,
  'dataplane-url': noApi,
  'allow-remote-dataplane': noApi,
  'dataplane-user': noApi,
  'dataplane-password-file': noApi,
  'dataplane-password': noApi,
  'dataplane-timeout': noApi,
  'dataplane-config': noApi,
  'dataplane-userlist': noApi,
  'userlist-in-config': noApi,
  lessons: 'they are always given',
  'expect-replicas': 'the peers section has slots for all that may come',
  'keep-peer': 'a peer that is no pod has no sidecar to talk to',
  'peers-tls': ownTrust,
  'peers-tls-certificate': ownTrust,
  'peers-tls-key': ownTrust,
  'peers-tls-ca': ownTrust,
  'peers-tls-verify-host': ownName,
  settle: noWait,
  'settle-limit': noWait,
  'hello-interval': noWait,
  'leaving-limit': noWait,
  'silence-limit': noWait,
  'removal-delay': 'no peer is ever removed: a slot that nobody has costs nothing',
  'watch-template': notYet,
  'watch-files': notYet,
  'burst-window': noReload,
  'burst-limit': noReload,
  'min-reload-interval': noReload,
  stagger: noReload,
  'stagger-limit': noReload,
  'behind-updates': noReload,
  'handover-rate': noReload,
  'update-rate': noReload,
  'reestablish-limit': noReload,
  'unloaded-limit': noReload,
  'failure-backoff': noReload,
  'failure-backoff-limit': noReload,
};

/** With --relay-trust certificates they say where those are. */
const certificateFiles = ['peers-tls-certificate', 'peers-tls-key', 'peers-tls-ca'];
/** With --relay-upgrade pods in reload mode are spoken to as these ask for. */
const ofPeers = ['peers-tls', ...certificateFiles, 'peers-tls-verify-host'];

export interface GivenOptions {
  /** The parsed value by the name of the option; undefined where there is none. */
  value(name: string): unknown;
  /** The flag or variable it was given by; undefined where it was not. */
  origin(name: string): string | undefined;
}

/** `--peers-tls=false` asks for nothing, so there is nothing to refuse. */
function asksForNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === false || value === 0;
}

function samePort({ value }: GivenOptions): readonly string[] {
  const listen = value('listen');
  const statusPort = typeof listen === 'object' && listen !== null && 'port' in listen && listen;
  const taken: readonly (readonly [string, unknown])[] = [
    ['--peers-port', value('peers-port')],
    ['--listen', statusPort === false ? undefined : statusPort.port],
  ];
  return taken
    .filter(([, port]) => port === value('relay-port'))
    .map(([name, port]) => `--relay-port and ${name} are both ${String(port)}`);
}

/** In reload mode both need the line for lessons; with `--lessons` sidecars are linked as in relay mode. */
function lessonProblems(options: GivenOptions): readonly string[] {
  const { value } = options;
  const isCompared = value('lessons') === true;
  const isLinked = isCompared || value('aggregate') === true;
  const asked = [
    ...(isCompared ? ['--lessons'] : []),
    ...(value('snapshot') === undefined ? [] : ['--snapshot']),
  ];
  const tls = asked.map(
    (name) =>
      `${name} and --peers-tls exclude each other: a peers section has one bind line, which speaks TLS then`,
  );
  const uid =
    '--pod-uid or POD_UID is missing: sidecars that talk to each other with --lessons or --aggregate tell pods apart by it (downward API, fieldPath metadata.uid)';
  return [
    ...(value('peers-tls') === true ? tls : []),
    ...(isLinked && value('pod-uid') === undefined ? [uid] : []),
    ...(isLinked ? [...trustProblems(options), ...samePort(options)] : []),
  ];
}

function trustProblems({ value }: GivenOptions): readonly string[] {
  return value('relay-trust') === 'certificates' && value('relay-plaintext') === true
    ? ['--relay-trust certificates and --relay-plaintext exclude each other']
    : [];
}

function keySecret({ value }: GivenOptions): readonly string[] {
  if (value('relay-key-secret') === undefined) return [];
  const problems: string[] = [];
  if (value('template') === undefined)
    problems.push(
      '--relay-key-secret needs --template: the key is written together with haproxy.cfg',
    );
  if (value('namespace') === undefined)
    problems.push(
      '--namespace or POD_NAMESPACE is missing: --relay-key-secret is looked for there',
    );
  if (value('relay-trust') === 'certificates' || value('relay-plaintext') === true)
    problems.push('--relay-key-secret is for --relay-trust key: there is no key');
  return problems;
}

/**
 * What is wrong with the options because of `--mode`, one sentence each; all of them are told at once. In reload mode
 * options of the relay are accepted: a workload is taken back by one variable.
 */
export function relayProblems(options: GivenOptions): readonly string[] {
  const { value, origin } = options;
  const slots = value('relay-slots');
  const range =
    typeof slots === 'number' && (slots < 1 || slots > 512)
      ? [`--relay-slots ${slots} is not from 1 to 512`]
      : [];
  if (value('mode') !== 'relay') return [...range, ...lessonProblems(options)];
  const certified = value('relay-trust') === 'certificates';
  const refused = Object.entries(notInRelayMode).flatMap(([name, why]) => {
    const by = origin(name);
    const taken =
      asksForNothing(value(name)) ||
      (certified && certificateFiles.includes(name)) ||
      (value('relay-upgrade') === true && ofPeers.includes(name));
    return by === undefined || taken ? [] : [`${by} is not for --mode relay: ${why}`];
  });
  const uid =
    value('pod-uid') === undefined
      ? [
          '--pod-uid or POD_UID is missing: --mode relay tells pods apart by it (downward API, fieldPath metadata.uid)',
        ]
      : [];
  return [
    ...range,
    ...uid,
    ...trustProblems(options),
    ...keySecret(options),
    ...samePort(options),
    ...refused,
  ];
}
