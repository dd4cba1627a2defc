import type { Option } from '../../../model/option.ts';

/** When HAProxy may be reloaded. */
export const gateOptions = [
  {
    name: 'burst-window',
    type: 'duration',
    default: '300ms',
    group: 'tuning',
    description:
      'How long no further change may come in before a change is applied; see --burst-limit.',
    commands: ['run'],
  },
  {
    name: 'burst-limit',
    type: 'duration',
    default: '5s',
    group: 'tuning',
    description:
      'How long a burst of changes, or pods that are about to get an address, may delay a change, at most.',
    commands: ['run'],
  },
  {
    name: 'min-reload-interval',
    type: 'duration',
    default: '2s',
    group: 'tuning',
    description: 'Shortest time between two reloads.',
    commands: ['run'],
  },
  {
    name: 'stagger',
    type: 'duration',
    default: '300ms',
    group: 'tuning',
    description:
      'Replicas reload in the order of their names, this far apart, so that what one writes reaches the others before its own reload. A late replica is waited for as long again.',
    commands: ['run'],
  },
  {
    name: 'stagger-limit',
    type: 'duration',
    default: '3s',
    group: 'tuning',
    description:
      'How long all replicas together take for that, at most, and how long one waits for another to be connected again. Reloads that are not urgent begin at a multiple of twice this.',
    commands: ['run'],
  },
  {
    name: 'behind-updates',
    type: 'integer',
    default: '50',
    group: 'tuning',
    description:
      'How many updates of this replica a peer may not have been sent yet when HAProxy is reloaded; more are waited for, within --stagger-limit.',
    commands: ['run'],
  },
  {
    name: 'handover-rate',
    type: 'rate',
    default: '500000',
    group: 'tuning',
    description:
      'How many entries a second HAProxy hands over to its new worker: with large tables, turns last that much longer.',
    commands: ['run'],
  },
  {
    name: 'update-rate',
    type: 'rate',
    default: '100000',
    group: 'tuning',
    description:
      'How many updates a second a peer takes that has just been reloaded; what was sent to it and is not confirmed is waited for that long, within --stagger-limit.',
    commands: ['run'],
  },
  {
    name: 'reestablish-limit',
    type: 'duration',
    default: '12s',
    group: 'tuning',
    description:
      'How long the next reload waits, at most, for the peers that were connected before the last one.',
    commands: ['run'],
  },
  {
    name: 'unloaded-limit',
    type: 'duration',
    default: '15s',
    group: 'tuning',
    description:
      'How long HAProxy may run without peers that haproxy.cfg has, until it is reloaded for them. The program that wrote the file may be about to reload it.',
    commands: ['run'],
  },
  {
    name: 'failure-backoff',
    type: 'duration',
    least: '1ms',
    default: '1s',
    group: 'tuning',
    description: 'Wait after a change that failed; doubles with each further failure.',
    commands: ['run'],
  },
  {
    name: 'failure-backoff-limit',
    type: 'duration',
    default: '60s',
    group: 'tuning',
    description: 'Longest wait after changes that failed.',
    commands: ['run'],
  },
] as const satisfies readonly Option[];
