import type { Option } from './option.ts';

/** Options of run alone. */
export const runOptions = [
  {
    name: 'allow-remote-dataplane',
    type: 'boolean',
    default: 'false',
    description:
      'Allow a --dataplane-url that is not on the loopback. Password and configuration then cross the network.',
    commands: ['run', 'doctor'],
  },
  {
    name: 'dataplane-timeout',
    type: 'duration',
    least: '10ms',
    default: '5s',
    description:
      'Limit for one call of the Data Plane API; a commit, which waits for the reload, has 35 s more.',
    commands: ['run', 'doctor'],
  },
  {
    name: 'dataplane-password',
    type: 'string',
    deprecatedFlags: ['password'],
    secret: true,
    description:
      'Password of the Data Plane API, in place of --password-file. Anybody on the node can read it: prefer the file.',
    commands: ['run', 'doctor'],
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
    least: '10ms',
    default: '30s',
    description: 'How often the section is read and compared although nothing happened.',
    commands: ['run'],
  },
  {
    name: 'burst-window',
    type: 'duration',
    default: '300ms',
    description:
      'How long no further change may come in before a change is applied; see --burst-limit.',
    commands: ['run'],
  },
  {
    name: 'burst-limit',
    type: 'duration',
    default: '5s',
    description:
      'How long a burst of changes, or pods that are about to get an address, may delay a change, at most.',
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
    name: 'stagger',
    type: 'duration',
    default: '300ms',
    description:
      'Replicas reload in the order of their names, this far apart, so that what one writes reaches the others before its own reload. Who is late is waited for as long again.',
    commands: ['run'],
  },
  {
    name: 'stagger-limit',
    type: 'duration',
    default: '3s',
    description:
      'How long all replicas together take for that, at most, and how long one waits for another to be connected again. What has no hurry begins at a multiple of twice this.',
    commands: ['run'],
  },
  {
    name: 'behind-updates',
    type: 'integer',
    default: '50',
    description:
      'How many updates of this replica a sibling may not have been sent yet when HAProxy is reloaded; more are waited for, within --stagger-limit.',
    commands: ['run'],
  },
  {
    name: 'handover-rate',
    type: 'rate',
    default: '500000',
    description:
      'How many entries a second HAProxy hands over to its new worker: with large tables, turns last that much longer.',
    commands: ['run'],
  },
  {
    name: 'update-rate',
    type: 'rate',
    default: '100000',
    description:
      'How many updates a second a sibling takes that has just been reloaded; what was sent to it and is not confirmed is waited for that long, within --stagger-limit.',
    commands: ['run'],
  },
  {
    name: 'reestablish-limit',
    type: 'duration',
    default: '12s',
    description:
      'How long the next reload waits, at most, for the siblings that were connected before the last one.',
    commands: ['run'],
  },
  {
    name: 'unloaded-limit',
    type: 'duration',
    default: '15s',
    description:
      'How long HAProxy may run without siblings that haproxy.cfg has, until it is reloaded for them: whoever wrote the file may be about to.',
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
    name: 'repair',
    type: 'boolean',
    default: 'true',
    description:
      'Before this pod is ready for the first time, compare its tables with those of siblings, and learn again by a hard-reload where it has missed them (HAProxy 2.9 and later).',
    commands: ['run'],
  },
  {
    name: 'repair-limit',
    type: 'duration',
    default: '60s',
    description:
      'How long readiness waits, at most, for tables that siblings hold and this pod has missed, and for siblings that are ready and silent.',
    commands: ['run'],
  },
  {
    name: 'held-limit',
    type: 'duration',
    default: '2m',
    description:
      'How long a change may wait, or comparing may fail, before an Event says so. Dead peers that wait for --removal-delay do not count.',
    commands: ['run'],
  },
  {
    name: 'metrics-per-sibling',
    type: 'boolean',
    default: 'false',
    description:
      'Session and lag of each sibling as metrics, too. With N replicas these are N times N series: leave it off with many.',
    commands: ['run'],
  },
  {
    name: 'failure-backoff',
    type: 'duration',
    least: '1ms',
    default: '1s',
    description: 'Wait after a change that failed; doubles with each further failure.',
    commands: ['run'],
  },
  {
    name: 'failure-backoff-limit',
    type: 'duration',
    default: '60s',
    description: 'Longest wait after changes that failed.',
    commands: ['run'],
  },
] as const satisfies readonly Option[];
