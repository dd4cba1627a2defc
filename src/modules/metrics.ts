import { generalMetrics } from '../telemetry/general-metrics.ts';
import { createMetricsOf, type Registered } from '../telemetry/metrics.ts';
import { aggregateMetrics } from './aggregate/metrics.ts';
import { backendsMetrics } from './backends/metrics.ts';
import { peersMetrics } from './peers/metrics.ts';
import { peersTlsMetrics } from './peers/tls/metrics.ts';
import { relayMetrics } from './relay/metrics.ts';
import { snapshotMetrics } from './snapshot/metrics.ts';
import { templateMetrics } from './template/metrics.ts';

/** The metrics of each module, by the heading in docs/metrics.md. A new module is a line here. */
export const metricParts = {
  General: generalMetrics,
  Peers: peersMetrics,
  'Certificates of the peers': peersTlsMetrics,
  Template: templateMetrics,
  Relay: relayMetrics,
  Snapshots: snapshotMetrics,
  Backends: backendsMetrics,
  Sums: aggregateMetrics,
} as const;

type Parts = typeof metricParts;
/** All keys of all parts, each with its own definition. */
type Merged = {
  readonly [K in { [P in keyof Parts]: keyof Parts[P] }[keyof Parts]]: {
    [P in keyof Parts]: K extends keyof Parts[P] ? Parts[P][K] : never;
  }[keyof Parts];
};

/** Every metric of the program. */
// The entries are those that the type is made of; a test sees that no two parts use one key.
export const metricDefinitions = Object.assign({}, ...Object.values(metricParts)) as Merged;

export type Metrics = Registered<Merged>;

export interface BuildInfo {
  readonly version: string;
  /** Of Node, `24.1.0`. */
  readonly node: string;
}

export function createMetrics({ version, node }: BuildInfo): Metrics {
  const metrics = createMetricsOf(metricDefinitions);
  metrics.info.set({ version, node }, 1);
  return metrics;
}
