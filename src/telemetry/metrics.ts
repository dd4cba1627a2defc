import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricDefinition, metricDefinitions, metricPrefix } from './metric-definitions.ts';

type Definitions = typeof metricDefinitions;

type LabelsOf<D> = D extends { readonly labels: readonly (infer Label extends string)[] }
  ? Label
  : string;

type MetricOf<D extends MetricDefinition> = D['type'] extends 'gauge'
  ? Gauge<LabelsOf<D>>
  : D['type'] extends 'counter'
    ? Counter<LabelsOf<D>>
    : Histogram<LabelsOf<D>>;

/** Every metric of the program, by its name in the table of definitions. */
export type Metrics = { readonly [K in keyof Definitions]: MetricOf<Definitions[K]> } & {
  readonly registry: Registry;
};

function create(definition: MetricDefinition, registry: Registry): Gauge | Counter | Histogram {
  const { type, help, labels = [], values = [], buckets } = definition;
  const common = {
    name: metricPrefix + definition.name,
    help,
    labelNames: [...labels],
    registers: [registry],
  };
  const [label = ''] = labels;
  if (type === 'histogram') {
    return new Histogram({
      ...common,
      ...(buckets === undefined ? {} : { buckets: [...buckets] }),
    });
  }
  if (type === 'counter') {
    const counter = new Counter(common);
    // A series that appears with its first event has no increase to alert on.
    for (const value of values) counter.inc({ [label]: value }, 0);
    return counter;
  }
  const gauge = new Gauge(common);
  for (const value of values) gauge.set({ [label]: value }, 0);
  return gauge;
}

export interface BuildInfo {
  readonly version: string;
  /** Of Node, `24.1.0`. */
  readonly node: string;
}

export function createMetrics({ version, node }: BuildInfo): Metrics {
  const registry = new Registry();
  const created = Object.entries(metricDefinitions).map(([key, definition]) => [
    key,
    create(definition, registry),
  ]);
  // The entries are made from the table that the type is made from.
  const metrics = { ...Object.fromEntries(created), registry } as Metrics;
  metrics.info.set({ version, node }, 1);
  return metrics;
}
