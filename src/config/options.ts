/** How the text of an option becomes a value. */
export type OptionType =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'port'
  | 'duration'
  | 'list'
  | readonly string[];

export type CommandName = 'init' | 'run';

/** One option, declared once: flags, environment, help, validation, masking and docs/flags.md come from here. */
export interface Option {
  /** Kebab case: `--name`, and `HAPROXY_PEER_SYNC_NAME` in the environment. */
  readonly name: string;
  readonly type: OptionType;
  readonly default?: string;
  /** Further environment variables, looked at after `HAPROXY_PEER_SYNC_…`, e.g. those of the downward API. */
  readonly env?: readonly string[];
  /** Flags of earlier tools that mean the same; accepted with a hint. */
  readonly deprecatedFlags?: readonly string[];
  readonly secret?: true;
  readonly description: string;
  readonly commands: readonly CommandName[];
}

const both = ['init', 'run'] as const;

export const options = [
  {
    name: 'pod-name',
    type: 'string',
    env: ['POD_NAME'],
    description:
      "This pod's name, which is its name in the peers section (downward API: metadata.name).",
    commands: both,
  },
  {
    name: 'namespace',
    type: 'string',
    env: ['POD_NAMESPACE'],
    description: 'Namespace of the pods (downward API: metadata.namespace).',
    commands: both,
  },
  {
    name: 'pod-ip',
    type: 'string',
    env: ['POD_IP'],
    description:
      "This pod's address (downward API: status.podIP). Siblings are reached in the same IP family.",
    commands: both,
  },
  {
    name: 'pod-ips',
    type: 'list',
    env: ['POD_IPS'],
    description: 'All addresses of this pod, separated by commas (downward API: status.podIPs).',
    commands: both,
  },
  {
    name: 'labels-file',
    type: 'string',
    default: '/etc/podinfo/labels',
    description:
      "This pod's labels as the downward API volume writes them; the selector is derived from it.",
    commands: both,
  },
  {
    name: 'selector',
    type: 'string',
    description:
      "Label selector of the sibling pods. Default: this pod's own labels without those that controllers add.",
    commands: both,
  },
  {
    name: 'source',
    type: ['kubernetes', 'file'],
    default: 'kubernetes',
    description: 'Where the siblings are found: pods of the Kubernetes API, or a file.',
    commands: both,
  },
  {
    name: 'members-file',
    type: 'string',
    description: 'With --source file: YAML or JSON list of {name, address}, watched for changes.',
    commands: both,
  },
  {
    name: 'kubeconfig',
    type: 'string',
    env: ['KUBECONFIG'],
    description: 'Kubeconfig file. Default: the service account of the pod.',
    commands: both,
  },
  {
    name: 'relist-interval',
    type: 'duration',
    default: '5m',
    description: 'How often the pods are listed anew although the watch is quiet.',
    commands: both,
  },
  {
    name: 'peers-section',
    type: 'string',
    default: 'haproxy-peers',
    deprecatedFlags: ['peer-section-name'],
    description: 'Name of the peers section.',
    commands: both,
  },
  {
    name: 'peers-port',
    type: 'port',
    default: '3000',
    deprecatedFlags: ['peer-port'],
    description: 'TCP port on which every replica speaks the peers protocol.',
    commands: both,
  },
  {
    name: 'keep-peer',
    type: 'list',
    default: '',
    description:
      'Names of peers that are not pods and stay in the section for ever, separated by commas or given repeatedly.',
    commands: both,
  },
  {
    name: 'config-file',
    type: 'string',
    default: '/etc/haproxy/haproxy.cfg',
    description:
      "HAProxy's configuration file, on a volume shared with HAProxy and the Data Plane API.",
    commands: both,
  },
  {
    name: 'admin-socket',
    type: 'string',
    default: '/var/run/haproxy/admin.sock',
    description: "HAProxy's stats socket with level admin.",
    commands: both,
  },
  {
    name: 'master-socket',
    type: 'string',
    default: '/var/run/haproxy/master.sock',
    description: "HAProxy's master socket (haproxy -S).",
    commands: both,
  },
  {
    name: 'haproxy-bin',
    type: 'string',
    default: 'haproxy',
    description: 'HAProxy program, used to check a configuration where the image has one.',
    commands: both,
  },
  {
    name: 'dataplane-user',
    type: 'string',
    default: 'admin',
    deprecatedFlags: ['user'],
    description: 'User of the Data Plane API.',
    commands: both,
  },
  {
    name: 'password-file',
    type: 'string',
    default: '/etc/haproxy/dataplaneapi.password',
    description:
      'File with the password of the Data Plane API. init makes it, run reads it again when it changes.',
    commands: both,
  },
  {
    name: 'template',
    type: 'string',
    description: 'Your own haproxy.cfg, from which init renders --config-file.',
    commands: ['init'],
  },
  {
    name: 'dataplane-config',
    type: 'string',
    default: '/etc/haproxy/dataplaneapi.yml',
    description: 'Where init writes the configuration of the Data Plane API.',
    commands: ['init'],
  },
  {
    name: 'userlist',
    type: 'string',
    default: 'dataplaneapi',
    description: 'Name of the userlist section with the user of the Data Plane API.',
    commands: ['init'],
  },
  {
    name: 'file-group',
    type: 'integer',
    description:
      'Numeric group that may read the files init writes (mode 0640). Default: only the owner (0600).',
    commands: ['init'],
  },
  {
    name: 'settle',
    type: 'duration',
    default: '1s',
    description:
      'How long the set of siblings must be unchanged before init renders it; at most five times as long.',
    commands: ['init'],
  },
  {
    name: 'join-timeout',
    type: 'duration',
    default: '60s',
    description:
      'How long init waits for the running siblings to know this pod before it goes on with a warning.',
    commands: ['init'],
  },
  {
    name: 'applier',
    type: ['dataplane', 'direct'],
    default: 'dataplane',
    description:
      'How changes are applied: transactions of the Data Plane API, or the file and the master socket where there is none.',
    commands: ['init', 'run'],
  },
  {
    name: 'dataplane-url',
    type: 'string',
    default: 'http://127.0.0.1:5555',
    deprecatedFlags: ['data-plane-api-address'],
    description: 'Data Plane API: http://127.0.0.1:PORT, http://[::1]:PORT or unix:/PATH.',
    commands: both,
  },
  {
    name: 'allow-remote-dataplane',
    type: 'boolean',
    default: 'false',
    description:
      'Allow a --dataplane-url that is not on the loopback. Password and configuration then cross the network.',
    commands: ['run'],
  },
  {
    name: 'dataplane-timeout',
    type: 'duration',
    default: '5s',
    description:
      'Limit for one call of the Data Plane API; a commit, which waits for the reload, has 35 s more.',
    commands: ['run'],
  },
  {
    name: 'dataplane-password',
    type: 'string',
    deprecatedFlags: ['password'],
    secret: true,
    description:
      'Password of the Data Plane API, in place of --password-file. Anybody on the node can read it: prefer the file.',
    commands: ['run'],
  },
  {
    name: 'dry-run',
    type: 'boolean',
    default: 'false',
    description: 'Say what would be applied, and change nothing.',
    commands: ['run'],
  },
  {
    name: 'resync-interval',
    type: 'duration',
    default: '30s',
    description: 'How often the section is read and compared although nothing happened.',
    commands: ['run'],
  },
  {
    name: 'burst-window',
    type: 'duration',
    default: '300ms',
    description:
      'How long no further change may come in before a change is applied; at most ten times as long.',
    commands: ['run'],
  },
  {
    name: 'min-reload-interval',
    type: 'duration',
    default: '2s',
    description: 'Least time between two reloads.',
    commands: ['run'],
  },
  {
    name: 'removal-delay',
    type: 'duration',
    default: '5m',
    description:
      'How long a peer that is gone stays in the section, unless another change is applied before. A dead line does no harm; a reload has a price.',
    commands: ['run'],
  },
  {
    name: 'listen',
    type: 'string',
    default: ':8405',
    description:
      'Address and port of /livez, /readyz and /metrics: :PORT, ADDR:PORT or [ADDR]:PORT.',
    commands: ['run'],
  },
  {
    name: 'log-level',
    type: ['trace', 'debug', 'info', 'warn', 'error'],
    default: 'info',
    description: 'Least level of log lines.',
    commands: both,
  },
] as const satisfies readonly Option[];

/** Flags of the tool we replace that have no meaning any more: accepted, with a hint why. */
export const ignoredFlags: Readonly<Record<string, string>> = {
  service: 'siblings are found by label selector: see --selector',
  'network-interface': 'the own address comes from POD_IP',
  'startup-delay': 'nothing depends on a delay any more',
};

/** `HAPROXY_PEER_SYNC_PEERS_PORT` for `peers-port`. */
export function envName(option: Pick<Option, 'name'>): string {
  return `HAPROXY_PEER_SYNC_${option.name.toUpperCase().replaceAll('-', '_')}`;
}

export function optionsOf(command: CommandName): readonly Option[] {
  return (options as readonly Option[]).filter((option) => option.commands.includes(command));
}
