import type { Option } from './option.ts';

/** doctor looks at what init and run are told. */
const both = ['init', 'run', 'doctor'] as const;
const every = ['init', 'run', 'status', 'doctor'] as const;

/** Options of every command: who we are, who the siblings are, where things lie. */
export const commonOptions = [
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
    commands: every,
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
    name: 'peer-names',
    type: ['pod', 'node'],
    default: 'pod',
    description:
      "Name of a peer: its pod's, or with node the node's for pods with hostNetwork, so that a restart keeps name and address.",
    commands: both,
  },
  {
    name: 'node-name',
    type: 'string',
    env: ['NODE_NAME'],
    description: "With --peer-names node: this pod's node (downward API: spec.nodeName).",
    commands: both,
  },
  {
    name: 'host-ip',
    type: 'string',
    env: ['HOST_IP'],
    description:
      "With --peer-names node: this node's address (downward API: status.hostIP). A pod with hostNetwork has the same.",
    commands: both,
  },
  {
    name: 'expect-replicas',
    type: 'integer',
    default: '0',
    description:
      'For a StatefulSet: peers NAME-0 to NAME-(N-1) are declared before they exist. A scale-up within it, and every restart of a pod, then needs no reload.',
    commands: both,
  },
  {
    name: 'labels-file',
    type: 'string',
    default: '/etc/podinfo/labels',
    description:
      "This pod's labels as the downward API volume writes them, for where the API server does not tell them.",
    commands: every,
  },
  {
    name: 'selector',
    type: 'selector',
    description:
      "Label selector of the sibling pods. Default: the spec.selector of this pod's owner where the Role lets it be read, else the labels that name an application, and all replicas of the same owner.",
    commands: every,
  },
  {
    name: 'allow-left-out',
    type: 'boolean',
    default: 'false',
    description:
      'Begin although --selector leaves out running replicas of the same owner, and nobody else could teach this one: for one set of peers a zone.',
    commands: both,
  },
  {
    name: 'source',
    type: ['kubernetes', 'service', 'dns', 'file'],
    default: 'kubernetes',
    description:
      'Where the siblings are found: pods of the Kubernetes API, endpoints of a Service, addresses of a name, or a file.',
    commands: both,
  },
  {
    name: 'service',
    type: 'string',
    description:
      'The Service whose endpoints are the siblings; implies --source service. Its selector must select this pod.',
    commands: both,
  },
  {
    name: 'dns',
    type: 'string',
    description:
      'The name whose addresses are the siblings, e.g. a headless Service that publishes addresses that are not ready; implies --source dns. Peers are named after their addresses.',
    commands: both,
  },
  {
    name: 'dns-interval',
    type: 'duration',
    least: '100ms',
    default: '2s',
    description: 'With --source dns: how often the name is asked for.',
    commands: both,
  },
  {
    name: 'dns-server',
    type: 'list',
    default: '',
    description:
      'With --source dns: servers to ask, ADDR or ADDR:PORT, in place of those of the system; the name is then taken as it is, without search domains.',
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
    commands: every,
  },
  {
    name: 'relist-interval',
    type: 'duration',
    least: '1s',
    default: '5m',
    description: 'How often the pods are listed anew although the watch is quiet.',
    commands: both,
  },
  {
    name: 'events',
    type: ['auto', 'on', 'off'],
    default: 'auto',
    description:
      'Kubernetes Events on this pod for what an operator must know (docs/events.md). auto: with --source kubernetes, and off where the Role does not let them be created.',
    commands: both,
  },
  {
    name: 'pod-uid',
    type: 'string',
    env: ['POD_UID'],
    description:
      "This pod's uid, for Events (downward API: metadata.uid). Default: it is read from the pod.",
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
    name: 'peers-tls',
    type: 'boolean',
    default: 'false',
    description:
      'Peers speak TLS, and take and give a certificate of one CA. To be the same for init, run and all replicas.',
    commands: both,
  },
  {
    name: 'peers-tls-certificate',
    type: 'string',
    default: '/etc/haproxy-tls/tls.crt',
    description:
      'PEM certificate of this replica with its chain, as in a Secret of type kubernetes.io/tls. run takes over a renewed one.',
    commands: both,
  },
  {
    name: 'peers-tls-key',
    type: 'string',
    default: '/etc/haproxy-tls/tls.key',
    description: 'PEM private key of --peers-tls-certificate, without a passphrase.',
    commands: both,
  },
  {
    name: 'peers-tls-ca',
    type: 'string',
    default: '/etc/haproxy-tls/ca.crt',
    description:
      'PEM certificates of the CA. Whoever has a certificate of it is a peer: use a CA of its own for this.',
    commands: both,
  },
  {
    name: 'peers-tls-verify-host',
    type: 'string',
    description:
      "DNS name that a sibling's certificate must have, one for all of them. Default: any certificate of the CA.",
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
    commands: every,
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
    name: 'applier',
    type: ['dataplane', 'direct'],
    default: 'dataplane',
    description:
      'How changes are applied: transactions of the Data Plane API, or the file and the master socket where there is none.',
    commands: both,
  },
  {
    name: 'dataplane-url',
    type: 'dataplane-address',
    default: 'http://127.0.0.1:5555',
    deprecatedFlags: ['data-plane-api-address'],
    description: 'Data Plane API: http://127.0.0.1:PORT, http://[::1]:PORT or unix:/PATH.',
    commands: both,
  },
  {
    name: 'listen',
    type: 'listen',
    default: ':8405',
    description:
      'Address and port of /livez, /readyz, /status and /metrics: :PORT, ADDR:PORT or [ADDR]:PORT. Siblings ask each other for /status on this port.',
    commands: every,
  },
  {
    name: 'log-level',
    type: ['trace', 'debug', 'info', 'warn', 'error'],
    default: 'info',
    description: 'Least level of log lines.',
    commands: every,
  },
] as const satisfies readonly Option[];
