import { everywhere, type Option, sidecar } from '../model/option.ts';

/** What this program tells. */
export const telemetryOptions = [
  {
    name: 'listen',
    type: 'listen',
    default: ':8405',
    description:
      'Address and port of /livez, /readyz, /status and /metrics: :PORT, ADDR:PORT or [ADDR]:PORT. Peers ask each other for /status on this port.',
    commands: [...everywhere, 'backends'],
  },
  {
    name: 'events',
    type: ['auto', 'on', 'off'],
    default: 'auto',
    description:
      'Whether to write Kubernetes Events on this pod for what an operator must know (docs/events.md). auto: only with --source kubernetes, and only where the Role allows it.',
    commands: sidecar,
  },
  {
    name: 'waiting-limit',
    type: 'duration',
    formerly: ['held-limit'],
    group: 'tuning',
    default: '2m',
    description:
      'How long a change may wait, or the comparison may fail, or with --mode relay a replica may run without a session, before an Event says so. Dead peers that wait for --removal-delay do not count.',
    commands: ['run'],
  },
  {
    name: 'metrics-per-peer',
    type: 'boolean',
    formerly: ['metrics-per-sibling'],
    default: 'false',
    description:
      'Session and lag of each peer as metrics, too. With N replicas these are N times N series, so leave it off with many replicas.',
    commands: ['run'],
  },
] as const satisfies readonly Option[];
