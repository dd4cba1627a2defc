import {
  all,
  type Option,
  sidecar,
  sidecarAndBackends,
  sidecarAndSnapshot,
} from '../model/option.ts';

/** This pod's identity, and the files and sockets of its HAProxy. */
export const ownOptions = [
  {
    name: 'pod-name',
    type: 'string',
    env: ['POD_NAME'],
    description:
      "This pod's name, which is its name in the peers section (downward API: metadata.name).",
    commands: sidecarAndSnapshot,
  },
  {
    name: 'pod-ip',
    type: 'string',
    env: ['POD_IP'],
    description:
      "This pod's address (downward API: status.podIP). Peers are reached in the same IP family.",
    commands: sidecar,
  },
  {
    name: 'pod-ips',
    type: 'list',
    env: ['POD_IPS'],
    description: 'All addresses of this pod, separated by commas (downward API: status.podIPs).',
    commands: sidecar,
  },
  {
    name: 'pod-uid',
    type: 'string',
    env: ['POD_UID'],
    description:
      "This pod's uid (downward API: metadata.uid). Needed with --mode relay; for Events it is otherwise read from the pod.",
    commands: sidecar,
  },
  {
    name: 'node-name',
    type: 'string',
    env: ['NODE_NAME'],
    description: "With --peer-names node: this pod's node (downward API: spec.nodeName).",
    commands: sidecar,
  },
  {
    name: 'host-ip',
    type: 'string',
    env: ['HOST_IP'],
    description:
      "With --peer-names node: this node's address (downward API: status.hostIP). A pod with hostNetwork has the same.",
    commands: sidecar,
  },
  {
    name: 'template',
    type: 'string',
    description:
      'Your own haproxy.cfg, from which init renders --haproxy-config; run, too, with --watch-template, and with --mode relay before HAProxy starts, so that a pod needs no init.',
    commands: ['init', 'run'],
  },
  {
    name: 'haproxy-config',
    type: 'string',
    formerly: ['config-file'],
    default: '/etc/haproxy/haproxy.cfg',
    description:
      "HAProxy's configuration file, on a volume shared with HAProxy and the Data Plane API.",
    commands: all,
  },
  {
    name: 'file-group',
    type: 'integer',
    description:
      'Numeric group that may read the files init writes, and run with --mode relay --template (mode 0640). Default: only the owner (0600).',
    commands: ['init', 'run'],
  },
  {
    name: 'admin-socket',
    type: 'string',
    default: '/var/run/haproxy/admin.sock',
    description: "HAProxy's stats socket with level admin.",
    commands: [...sidecarAndSnapshot, 'backends'],
  },
  {
    name: 'master-socket',
    type: 'string',
    default: '/var/run/haproxy/master.sock',
    description: "HAProxy's master socket (haproxy -S).",
    commands: sidecarAndBackends,
  },
  {
    name: 'haproxy-bin',
    type: 'string',
    default: 'haproxy',
    description: 'HAProxy program, used to check a configuration where the image has one.',
    commands: sidecarAndBackends,
  },
  {
    name: 'applier',
    type: ['dataplane', 'direct'],
    default: 'dataplane',
    description:
      'How changes are applied: transactions of the Data Plane API, or edits of the file and reloads over the master socket where there is no Data Plane API.',
    commands: sidecarAndBackends,
  },
  {
    name: 'dry-run',
    type: 'boolean',
    default: 'false',
    description: 'Log what would be applied, and change nothing.',
    commands: ['run'],
  },
  {
    name: 'reconcile-interval',
    type: 'duration',
    least: '10ms',
    default: '30s',
    formerly: ['resync-interval'],
    group: 'tuning',
    description: 'How often the section is read and compared even if nothing has happened.',
    commands: ['run', 'backends'],
  },
  {
    name: 'log-level',
    type: ['trace', 'debug', 'info', 'warn', 'error'],
    default: 'info',
    description: 'Lowest level of the log lines that are written.',
    commands: all,
  },
  {
    name: 'log-format',
    type: ['json', 'text'],
    default: 'json',
    description: 'Format of the log lines: json for programs, text for people.',
    commands: all,
  },
] as const satisfies readonly Option[];
