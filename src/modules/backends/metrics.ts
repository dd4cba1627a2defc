import type { MetricDefinitions } from '../../telemetry/metric-definition.ts';

/** Of backends whose servers are the endpoints of a Service. */
export const backendsMetrics = {
  backendServers: {
    type: 'gauge',
    name: 'backend_servers',
    labels: ['backend', 'state'],
    help: 'With `--backend`: servers of this program in the worker. up: in use. drain: only for clients that stick to them. maint: nobody is sent there.',
  },
  backendConnected: {
    type: 'gauge',
    name: 'backend_connected',
    labels: ['backend'],
    help: 'With `--backend`: 1 while the endpoints of its Service are followed. At 0 servers stay as they are.',
  },
  backendHeld: {
    type: 'gauge',
    name: 'backend_held',
    labels: ['backend'],
    help: 'With `--backend`: reasons for which servers are not as they should be. `status` and the log have them.',
  },
  backendCommands: {
    type: 'counter',
    name: 'backend_commands_total',
    labels: ['command', 'outcome'],
    help: 'With `--backend`: commands to the worker. later: HAProxy asked for time, as with a server that still has connections. refused: the log has its answer.',
  },
  backendSeconds: {
    type: 'histogram',
    name: 'backend_change_duration_seconds',
    labels: ['backend'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    help: 'With `--backend`: time from the news of the API server until the worker has the servers.',
  },
} as const satisfies MetricDefinitions;
