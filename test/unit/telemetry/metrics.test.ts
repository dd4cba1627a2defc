import { describe, expect, it } from 'vitest';
import { createMetrics, metricDefinitions, metricParts } from '../../../src/modules/metrics.ts';
import { type MetricDefinition, metricPrefix } from '../../../src/telemetry/metric-definition.ts';

const definitions: readonly (readonly [string, MetricDefinition])[] =
  Object.entries(metricDefinitions);

describe('metrics', () => {
  it('of no two parts have one key', () => {
    const keys = Object.values(metricParts).flatMap(Object.keys);

    expect(keys).toEqual(Object.keys(metricDefinitions));
  });

  it.each(definitions)('%s has a name as OpenMetrics wants it', (_, { name, type, labels }) => {
    expect(metricPrefix + name).toMatch(/^[a-z][a-z0-9_]*[a-z]$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    // Base units only.
    expect(name).not.toMatch(/_(ms|millis|milliseconds|minutes)(_|$)/);
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(labels ?? []).not.toContain('pod');
  });

  it.each(definitions)('%s has buckets that grow', (_, { buckets = [] }) => {
    expect([...buckets]).toEqual([...new Set(buckets)].toSorted((a, b) => a - b));
  });

  it.each(definitions)('%s says what it is in a sentence', (_, { help }) => {
    expect(help).toMatch(/^[A-Z0-9].*\.$/s);
    expect(help).not.toMatch(/\n|\|/);
  });

  it('does not show what may not exist before it is set', async () => {
    const { registry, templateInForce } = createMetrics({ version: '1.2.3', node: '24.0.0' });
    const line = /^haproxy_peer_sync_template_in_force .*$/m;

    expect(await registry.metrics()).not.toMatch(line);
    templateInForce.set(0);
    expect(line.exec(await registry.metrics())?.[0]).toBe('haproxy_peer_sync_template_in_force 0');
  });

  it('has the known series from the start, so that their first event is an increase', async () => {
    const { registry } = createMetrics({ version: '1.2.3', node: '24.0.0' });

    const text = await registry.metrics();

    expect(text).toContain('haproxy_peer_sync_reloads_total{cause="join"} 0');
    expect(text).toContain('haproxy_peer_sync_missed_resyncs_total{outcome="missed"} 0');
    expect(text).toContain('haproxy_peer_sync_build_info{version="1.2.3",node="24.0.0"} 1');
  });
});
