import type { Option } from '../../../model/option.ts';

/** When HAProxy may be reloaded. */
export const gateOptions = [
  {
    name: 'burst-window',
    type: 'duration',
    default: '300ms',
    group: 'tuning',
    description:
      'A change is applied once no further change has come in for this long; see --burst-limit.',
    commands: ['run'],
  },
  {
    name: 'burst-limit',
    type: 'duration',
    default: '5s',
    group: 'tuning',
    description:
      'How long, at most, a burst of changes, or pods that are about to get an address, may delay a change.',
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
      'Time between the reloads of two replicas, which reload in the order of their names, so that what one writes reaches the others before its own reload. A late replica gets the same time once more.',
    commands: ['run'],
  },
  {
    name: 'stagger-limit',
    type: 'duration',
    default: '3s',
    group: 'tuning',
    description:
      'Limit for the turns of all replicas together, and for waiting until a peer is connected again. Reloads that are not urgent begin at a multiple of twice this time.',
    commands: ['run'],
  },
  {
    name: 'behind-updates',
    type: 'integer',
    default: '50',
    group: 'tuning',
    description:
      'How many updates of this replica may still be unsent to a peer when HAProxy is reloaded. With more, the reload waits, within --stagger-limit.',
    commands: ['run'],
  },
  {
    name: 'handover-rate',
    type: 'rate',
    default: '500000',
    group: 'tuning',
    description:
      'How many entries a second HAProxy hands over to its new worker. With large tables, turns last that much longer.',
    commands: ['run'],
  },
  {
    name: 'update-rate',
    type: 'rate',
    default: '100000',
    group: 'tuning',
    description:
      'How many updates a second a peer takes after its reload. A reload waits that long for updates that were sent and not confirmed, within --stagger-limit.',
    commands: ['run'],
  },
  {
    name: 'reestablish-limit',
    type: 'duration',
    default: '12s',
    group: 'tuning',
    description:
      'How long, at most, the next reload waits for the peers that were connected before the last one.',
    commands: ['run'],
  },
  {
    name: 'unloaded-limit',
    type: 'duration',
    default: '15s',
    group: 'tuning',
    description:
      'How long HAProxy may run without peers that haproxy.cfg has before it is reloaded for them. The program that wrote the file may be about to reload HAProxy itself.',
    commands: ['run'],
  },
  {
    name: 'failure-backoff',
    type: 'duration',
    least: '1ms',
    default: '1s',
    group: 'tuning',
    description: 'Wait after a change that failed. It doubles with each further failure.',
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
