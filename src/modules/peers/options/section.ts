import { type Option, sidecar, sidecarAndSnapshot } from '../../../model/option.ts';

/** The peers section: names, port, certificates, who may join, what was missed. */
export const peersOptions = [
  {
    name: 'peer-names',
    type: ['pod', 'node'],
    default: 'pod',
    description:
      'Name of a peer: the name of its pod, or with node the name of its node, for pods with hostNetwork. A restart then keeps name and address.',
    commands: sidecar,
  },
  {
    name: 'expect-replicas',
    type: 'integer',
    default: '0',
    description:
      'For a StatefulSet: peers NAME-0 to NAME-(N-1) are declared before they exist. A scale-up within it, and every restart of a pod, then needs no reload.',
    commands: sidecar,
  },
  {
    name: 'peers-section',
    type: 'string',
    default: 'haproxy-peers',
    deprecatedFlags: ['peer-section-name'],
    description: 'Name of the peers section.',
    commands: sidecarAndSnapshot,
  },
  {
    name: 'peers-port',
    type: 'port',
    default: '3000',
    deprecatedFlags: ['peer-port'],
    description: 'TCP port on which every replica speaks the peers protocol.',
    commands: sidecar,
  },
  {
    name: 'lessons',
    type: 'boolean',
    default: 'false',
    description:
      'With --mode reload: replicas are compared after reloads and network splits over links between the sidecars (--relay-port, --relay-key-file, --relay-trust), and each gets the entries that it lacks. The peers section gets a line on which this program talks to the own HAProxy. Not with TLS between the peers. Must be the same for init and run.',
    commands: sidecar,
  },
  {
    name: 'peers-tls',
    type: 'boolean',
    default: 'false',
    group: 'tls',
    description:
      'Peers speak TLS, and both sides show a certificate of one CA. Must be the same for init, run and all replicas.',
    commands: sidecar,
  },
  {
    name: 'peers-tls-certificate',
    type: 'string',
    default: '/etc/haproxy-tls/tls.crt',
    group: 'tls',
    description:
      'PEM certificate of this replica with its chain, as in a Secret of type kubernetes.io/tls. run takes over a renewed one.',
    commands: sidecar,
  },
  {
    name: 'peers-tls-key',
    type: 'string',
    default: '/etc/haproxy-tls/tls.key',
    group: 'tls',
    description: 'PEM private key of --peers-tls-certificate, without a passphrase.',
    commands: sidecar,
  },
  {
    name: 'peers-tls-ca',
    type: 'string',
    default: '/etc/haproxy-tls/ca.crt',
    group: 'tls',
    description:
      'PEM certificates of the CA. Anybody with a certificate of this CA can be a peer, so use a CA for this purpose alone.',
    commands: sidecar,
  },
  {
    name: 'peers-tls-verify-host',
    type: 'string',
    group: 'tls',
    description:
      'DNS name that the certificate of every peer must have. Default: any certificate of the CA.',
    commands: sidecar,
  },
  {
    name: 'keep-peer',
    type: 'list',
    default: '',
    description:
      'Names of peers that are not pods and always stay in the section, separated by commas or given repeatedly.',
    commands: sidecar,
  },
  {
    name: 'settle',
    type: 'duration',
    default: '1s',
    group: 'tuning',
    description:
      'How long the set of peers must be unchanged before init renders it; see --settle-limit.',
    commands: ['init'],
  },
  {
    name: 'settle-limit',
    type: 'duration',
    default: '5s',
    group: 'tuning',
    description: 'How long, at most, init waits for the set of peers to settle once it is known.',
    commands: ['init'],
  },
  {
    name: 'join-timeout',
    type: 'duration',
    default: '60s',
    group: 'tuning',
    description:
      'How long init waits for the running peers to know this pod before it goes on with a warning. With --mode relay: how long run waits for a session with each peer before this pod can be ready without it.',
    commands: ['init', 'run', 'doctor'],
  },
  {
    name: 'hello-interval',
    type: 'duration',
    least: '10ms',
    default: '200ms',
    group: 'tuning',
    description: 'Pause between two rounds of asking the peers whether they know this pod.',
    commands: ['init'],
  },
  {
    name: 'leaving-limit',
    type: 'duration',
    default: '4s',
    group: 'tuning',
    description:
      'How long init waits for peers that are being deleted to know this pod, so that it gets what they write while they drain.',
    commands: ['init'],
  },
  {
    name: 'silence-limit',
    type: 'duration',
    default: '10s',
    group: 'tuning',
    description:
      'How long init asks a peer whose port drops packets, or refuses although the peer is ready. The cause is a firewall or a dead node, and waiting longer does not help.',
    commands: ['init'],
  },
  {
    name: 'removal-delay',
    type: 'duration',
    default: '5m',
    group: 'tuning',
    description:
      'How long a peer that is gone stays in the section, unless another change is applied first. Its line does no harm, while a reload may lose updates in flight.',
    commands: ['run'],
  },
  {
    name: 'repair',
    type: 'boolean',
    default: 'true',
    description:
      'Before this pod is ready for the first time, compare its tables with those of its peers, and if it has missed entries, learn them again by a hard-reload (HAProxy 2.9 and later). With false nothing is compared, and a pod only waits while a peer runs in the other --mode or with another --relay-trust.',
    commands: ['run'],
  },
  {
    name: 'repair-limit',
    type: 'duration',
    default: '60s',
    group: 'tuning',
    description:
      'How long, at most, readiness waits for entries that peers hold and this pod has missed, and for peers that are ready and do not answer.',
    commands: ['run'],
  },
] as const satisfies readonly Option[];
