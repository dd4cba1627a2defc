/** One metric, declared once: registry, types and docs/metrics.md come from here. */
export interface MetricDefinition {
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** Without the prefix; units and endings as OpenMetrics has them. */
  readonly name: string;
  /** What it was called before; there is no series of that name any more. */
  readonly formerly?: string;
  /** Bounded: kinds, codes, names of the configuration. Never names of pods, unless asked for. */
  readonly labels?: readonly string[];
  /** The values of the only label, if known: their series exist from the start, at 0. */
  readonly values?: readonly string[];
  /** A gauge that is absent until it is set, because its subject may not exist. Other gauges start at 0. */
  readonly absent?: true;
  readonly buckets?: readonly number[];
  /** What it says, and what an operator does with it. */
  readonly help: string;
}

/** What a part of the program measures, by the name it has in the code. */
export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>;

export const metricPrefix = 'haproxy_peer_sync_';

/** Seconds, of what takes as long as a reload. */
export const reloadBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
/** Seconds, of what siblings and timers are waited for. */
export const waitBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] as const;
