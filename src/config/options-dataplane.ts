import { type Option, sidecar, sidecarAndBackends } from '../model/option.ts';

/** Where the Data Plane API is, and how it is spoken to. */
export const dataplaneOptions = [
  {
    name: 'dataplane-url',
    type: 'dataplane-address',
    default: 'http://127.0.0.1:5555',
    deprecatedFlags: ['data-plane-api-address'],
    description: 'Data Plane API: http://127.0.0.1:PORT, http://[::1]:PORT or unix:/PATH.',
    commands: sidecarAndBackends,
  },
  {
    name: 'allow-remote-dataplane',
    type: 'boolean',
    default: 'false',
    description:
      'Allow a --dataplane-url that is not on the loopback. Password and configuration then cross the network.',
    commands: ['run', 'doctor'],
  },
  {
    name: 'dataplane-user',
    type: 'string',
    default: 'admin',
    deprecatedFlags: ['user'],
    description: 'User of the Data Plane API.',
    commands: sidecarAndBackends,
  },
  {
    name: 'dataplane-password-file',
    type: 'string',
    formerly: ['password-file'],
    default: '/etc/haproxy/dataplaneapi.password',
    description:
      'File with the password of the Data Plane API. init creates it, and run reads it again when it changes.',
    commands: sidecarAndBackends,
  },
  {
    name: 'dataplane-password',
    type: 'string',
    deprecatedFlags: ['password'],
    secret: true,
    description:
      'Password of the Data Plane API, in place of --dataplane-password-file. Anybody on the node can read it, so prefer the file.',
    commands: ['run', 'doctor', 'backends'],
  },
  {
    name: 'dataplane-timeout',
    type: 'duration',
    least: '10ms',
    default: '5s',
    group: 'tuning',
    description:
      'Limit for one call of the Data Plane API. A commit waits for the reload and gets 35 s more.',
    commands: ['run', 'doctor', 'backends'],
  },
  {
    name: 'dataplane-config',
    type: 'string',
    default: '/etc/haproxy/dataplaneapi.yml',
    description: 'Where init writes the configuration of the Data Plane API.',
    commands: ['init', 'doctor'],
  },
  {
    name: 'dataplane-userlist',
    type: 'string',
    formerly: ['userlist'],
    default: 'dataplaneapi',
    description: 'Name of the userlist section with the user of the Data Plane API.',
    commands: sidecar,
  },
  {
    name: 'userlist-in-config',
    type: 'boolean',
    default: 'false',
    description:
      'Write that section into haproxy.cfg, for a Data Plane API that is not started with --dataplane-config. Default: into a file of its own, unless the template has such a section.',
    commands: ['init', 'run'],
  },
] as const satisfies readonly Option[];
