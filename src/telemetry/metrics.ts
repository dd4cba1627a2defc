import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { generalMetrics } from './general-metrics.ts';
import {
  type MetricDefinition,
  type MetricDefinitions,
  metricPrefix,
} from './metric-definition.ts';

type LabelsOf<D> = D extends { readonly labels: readonly (infer Label extends string)[] }
  ? Label
  : string;

type MetricOf<D extends MetricDefinition> = D['type'] extends 'gauge'
  ? Gauge<LabelsOf<D>>
  : D['type'] extends 'counter'
    ? Counter<LabelsOf<D>>
    : Histogram<LabelsOf<D>>;

/** The metrics of a part of the program, by their names in its table of definitions. */
export type MetricsOf<D extends MetricDefinitions> = { readonly [K in keyof D]: MetricOf<D[K]> };

export type GeneralMetrics = MetricsOf<typeof generalMetrics>;

function create(definition: MetricDefinition, registry: Registry): Gauge | Counter | Histogram {
  const { type, help, labels = [], values = [], absent, buckets } = definition;
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
  if (absent) gauge.remove();
  return gauge;
}

/** Metrics with the registry that a scrape reads. */
export type Registered<D extends MetricDefinitions> = MetricsOf<D> & {
  readonly registry: Registry;
};

/** A registry with the metrics of `definitions`. Throws where two have one name. */
export function createMetricsOf<D extends MetricDefinitions>(definitions: D): Registered<D> {
  const registry = new Registry();
  const created = Object.entries(definitions).map(([key, definition]) => [
    key,
    create(definition, registry),
  ]);
  // The entries are made from the table that the type is made from.
  return { ...Object.fromEntries(created), registry } as Registered<D>;
}
