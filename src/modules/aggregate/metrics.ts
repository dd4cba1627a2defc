import type { MetricDefinitions } from '../../telemetry/metric-definition.ts';

/** Of counters that are summed over all replicas. */
export const aggregateMetrics = {
  aggregateCurrent: {
    type: 'gauge',
    name: 'aggregate_current',
    absent: true,
    help: 'With `--aggregate`: 1 while HAProxy is told the sums as they change. 0: `status` and the log say why; the tables of sums keep what they had.',
  },
  aggregateLinks: {
    type: 'gauge',
    name: 'aggregate_links',
    absent: true,
    help: 'With `--aggregate`: links to sidecars that tell their counters. One less than members in steady state.',
  },
  aggregateOrigins: {
    type: 'gauge',
    name: 'aggregate_origins',
    absent: true,
    help: 'With `--aggregate`: HAProxys whose counters are in the sums, those included that have gone and whose entries have not expired.',
  },
  aggregateKeys: {
    type: 'gauge',
    name: 'aggregate_keys',
    labels: ['table'],
    help: 'With `--aggregate`: keys of a table that are summed. At `--aggregate-max-keys` some make room for others.',
  },
  aggregateEvicted: {
    type: 'gauge',
    name: 'aggregate_evicted_keys',
    labels: ['table'],
    help: 'With `--aggregate`: keys of a table that had to make room for others since the sidecar started: more than `--aggregate-max-keys`.',
  },
} as const satisfies MetricDefinitions;
