import type { Option } from './option.ts';

/** Options of init alone. */
export const initOptions = [
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
    commands: ['init', 'doctor'],
  },
  {
    name: 'userlist',
    type: 'string',
    default: 'dataplaneapi',
    description: 'Name of the userlist section with the user of the Data Plane API.',
    commands: ['init', 'doctor'],
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
      'How long the set of siblings must be unchanged before init renders it; see --settle-limit.',
    commands: ['init'],
  },
  {
    name: 'settle-limit',
    type: 'duration',
    default: '5s',
    description:
      'How long init waits for the set of siblings to settle, at most, once it is known.',
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
    name: 'hello-interval',
    type: 'duration',
    least: '10ms',
    default: '200ms',
    description: 'Pause between two rounds of asking the siblings whether they know this pod.',
    commands: ['init'],
  },
  {
    name: 'leaving-limit',
    type: 'duration',
    default: '4s',
    description:
      'How long init waits for siblings that are being deleted to know this pod: what they write while they drain is for it, too.',
    commands: ['init'],
  },
  {
    name: 'silence-limit',
    type: 'duration',
    default: '10s',
    description:
      'How long a sibling whose peers port swallows packets, or refuses although it is ready, is asked. Longer helps nobody: it is a firewall or a dead node.',
    commands: ['init'],
  },
] as const satisfies readonly Option[];
