import { type Option, sidecar } from '../../../model/option.ts';

/** How replicas share their tables, and what the relays between them need. */
export const relayOptions = [
  {
    name: 'mode',
    type: ['reload', 'relay'],
    default: 'reload',
    description:
      'How replicas are connected. reload: HAProxys talk to each other, and are reloaded when one comes or goes. relay: each talks to its own sidecar, and sidecars to each other; haproxy.cfg is the same in every pod and never changes. Must be the same for init and run.',
    commands: sidecar,
  },
  {
    name: 'relay-port',
    type: 'port',
    default: '3001',
    group: 'relay',
    description: 'TCP port on which the sidecars of the replicas talk to each other.',
    commands: sidecar,
  },
  {
    name: 'relay-slots',
    type: 'integer',
    default: '64',
    group: 'relay',
    description:
      'How many other replicas one can be connected to: 1 to 512 lines of the peers section. HAProxy must be started anew for more.',
    commands: sidecar,
  },
  {
    name: 'relay-key-file',
    type: 'string',
    default: '/etc/haproxy-peer-sync/relay/key',
    group: 'relay',
    description:
      'File with the key that all replicas share, from a Secret: who has it can read and write every entry. All that passes between sidecars is encrypted with it. Not read with --relay-trust certificates.',
    commands: sidecar,
  },
  {
    name: 'relay-key-secret',
    type: 'string',
    group: 'relay',
    description:
      'Name of a Secret of the namespace: init, or run with --template, reads its key with the permissions of the pod, makes it where it is not there, and writes it to --relay-key-file, which nobody else should mount. Without it the Secret is made by hand and mounted. See docs/security.md before you give a pod these permissions.',
    commands: ['init', 'run'],
  },
  {
    name: 'relay-trust',
    type: ['key', 'certificates'],
    default: 'key',
    group: 'relay',
    description:
      'What sidecars know each other by. key: that of --relay-key-file. certificates: mutual TLS with the files of --peers-tls-certificate, --peers-tls-key and --peers-tls-ca, where the other side is a replica if its certificate has a DNS name or URI that ours has, too. Must be the same for init, run and all replicas.',
    commands: sidecar,
  },
  {
    name: 'relay-plaintext',
    type: 'boolean',
    default: 'false',
    group: 'relay',
    description:
      'Sidecars talk to each other without key, certificates and encryption: who reaches --relay-port can read and write every entry.',
    commands: sidecar,
  },
  {
    name: 'relay-upgrade',
    type: 'boolean',
    default: 'false',
    group: 'relay',
    description:
      'For the time of a change between the modes: with --mode relay, pods in reload mode are spoken to on --peers-port, as they speak to each other: with --peers-tls where they have it, else in plain text. Without it a pod of one mode does not become ready beside one of the other.',
    commands: sidecar,
  },
] as const satisfies readonly Option[];
