import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type HoldCode, holdCodes } from '../../src/model/decision.ts';
import { createMetrics, metricDefinitions } from '../../src/modules/metrics.ts';
import { type MetricDefinition, metricPrefix } from '../../src/telemetry/metric-definition.ts';
import { metricsIn, readAlerts, readDashboard, rulesTestFile } from '../helpers/monitoring.ts';
import { runbookUrl } from '../tools/prometheus-rule.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const definitions: readonly MetricDefinition[] = Object.values(metricDefinitions);
const series = new Set(
  definitions.flatMap(({ name, type }) =>
    type === 'histogram'
      ? ['_bucket', '_sum', '_count'].map((ending) => metricPrefix + name + ending)
      : [metricPrefix + name],
  ),
);
/** Which alert tells of a reason; null: it ends by itself, or an alert of another metric tells of what is behind it. */
const alertOf: Readonly<Record<HoldCode, string | null>> = {
  'self-missing': 'HAProxyPeerSyncActionNeeded',
  'section-style': 'HAProxyPeerSyncActionNeeded',
  'own-name-unknown': 'HAProxyPeerSyncActionNeeded',
  'section-unmodelled': 'HAProxyPeerSyncActionNeeded',
  'section-not-running': 'HAProxyPeerSyncActionNeeded',
  'section-not-loaded': 'HAProxyPeerSyncActionNeeded',
  'localpeer-mismatch': 'HAProxyPeerSyncActionNeeded',
  'resync-unreadable': 'HAProxyPeerSyncActionNeeded',
  'section-unencrypted': 'HAProxyPeerSyncUnencrypted',
  // HAProxyPeerSyncMembersUnknown, HAProxyPeerSyncNotReady, HAProxyPeerSyncFailing.
  'members-unknown': null,
  'haproxy-down': null,
  backoff: null,
  'resync-pending': null,
  burst: null,
  awaited: null,
  'removal-delay': null,
  'moved-connected': null,
  'lazy-request': null,
  'reload-interval': null,
  'siblings-away': null,
  turn: null,
  'not-connected': null,
  'siblings-behind': null,
  'lesson-running': null,
};
const alerts = readAlerts();
const dashboard = readDashboard();
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

describe('metrics', () => {
  it('are in the registry as in the table', () => {
    const { registry } = createMetrics({ version: '1', node: '24' });

    expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(
      definitions.map(({ name }) => metricPrefix + name),
    );
  });

  it('are all in docs/metrics.md', () => {
    const text = read('docs/metrics.md');

    for (const { name } of definitions) expect(text).toContain(`| \`${metricPrefix}${name}\` |`);
    for (const code of Object.keys(holdCodes)) expect(text).toContain(`| \`${code}\` |`);
  });

  it.each([
    'examples/monitoring/rules.yaml',
    'examples/monitoring/rules.test.yaml',
    'examples/monitoring/dashboard.json',
    'docs/operations.md',
    'docs/errors.md',
    'README.md',
  ])('that %s names exist', (path) => {
    const families = new Set(definitions.map(({ name }) => metricPrefix + name));

    const unknown = metricsIn(read(path)).filter(
      (name) => !series.has(name) && !families.has(name),
    );

    expect(unknown).toEqual([]);
  });

  it('are all on the dashboard but for those of a second kind', () => {
    const shown = metricsIn(queries.join('\n')).map((name) => name.replace(/_bucket$/, ''));

    const missing = definitions
      .map(({ name }) => metricPrefix + name)
      .filter((name) => !shown.includes(name));

    // Told by another panel: sessions missing, peer_lag; the rest is for alerts and for digging.
    expect(missing.map((name) => name.replace(metricPrefix, ''))).toEqual([
      'members_synced',
      'waits_total',
      'passes_total',
      'last_pass_timestamp_seconds',
      'peers_entries',
      'resync_finished',
      'peer_established',
      'relay_plaintext',
    ]);
  });
});

describe('alerts', () => {
  it.each(alerts.map((alert) => [alert.alert, alert] as const))(
    '%s says what is wrong and where to read on',
    (name, { expr, annotations }) => {
      expect(name).toMatch(/^HAProxyPeerSync[A-Z]\w+$/);
      expect(annotations.summary).not.toMatch(/\.$/);
      expect(annotations.description).toMatch(/\.$/);
      expect(annotations.runbook_url).toBe(runbookUrl(name));
      expect(annotations.runbook_url).toMatch(
        /^https:\/\/github\.com\/[^/]+\/[^/]+\/blob\/main\/docs\/operations\.md#\w+$/,
      );
      expect(read('docs/operations.md')).toContain(`\n### ${name}\n`);
      expect(metricsIn(expr).length).toBeGreaterThan(0);
    },
  );

  it('have a section each, and no section without one', () => {
    const sections = [...read('docs/operations.md').matchAll(/^### (HAProxyPeerSync\w+)$/gm)];

    expect(sections.map(([, name]) => name)).toEqual(alerts.map(({ alert }) => alert));
  });

  it('have a test each that sees them rest and fire', () => {
    const schema = z.object({
      tests: z.array(
        z.object({
          name: z.string(),
          input_series: z.array(z.object({ series: z.string() })),
          promql_expr_test: z.array(
            z.object({ expr: z.string(), exp_samples: z.array(z.unknown()).default([]) }),
          ),
        }),
      ),
    });
    const { tests } = schema.parse(parse(read(rulesTestFile)));

    expect([...new Set(tests.map(({ name }) => name))]).toEqual(alerts.map(({ alert }) => alert));
    for (const { name, promql_expr_test: looks } of tests) {
      expect(looks.map(({ exp_samples: samples }) => samples.length, name)).toEqual([0, 1]);
      for (const { expr } of looks) expect(expr).toContain(`alertname="${name}"`);
    }
  });

  it('name only metrics that are called so now', () => {
    const before = definitions.flatMap(({ formerly }) =>
      formerly === undefined ? [] : [metricPrefix + formerly],
    );

    expect(before.length).toBeGreaterThan(5);
    const named = metricsIn(alerts.map(({ expr }) => expr).join(' ') + queries.join(' '));
    expect(named.filter((name) => before.includes(name))).toEqual([]);
  });

  it('tell of every reason that only somebody who acts can end', () => {
    const told = alerts.flatMap(({ alert, expr }) =>
      [...expr.matchAll(/reason=~?"([^"]+)"/g)].flatMap(([, reasons = '']) =>
        reasons.split('|').map((reason) => [reason, alert]),
      ),
    );

    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(Object.entries(alertOf).filter(([, alert]) => alert !== null)),
    );
  });

  it('are the same in prometheusrule.yaml', () => {
    const { spec } = z
      .object({ kind: z.literal('PrometheusRule'), spec: z.unknown() })
      .parse(parse(read('examples/monitoring/prometheusrule.yaml')));

    expect(spec).toEqual(parse(read('examples/monitoring/rules.yaml')));
  });
});

describe('the dashboard', () => {
  it('explains every panel', () => {
    for (const { type, title, description = '', targets } of dashboard.panels) {
      if (type === 'row') continue;
      expect(description, title).toMatch(/\.$/);
      expect(targets.length, title).toBeGreaterThan(0);
    }
  });

  it('asks for the pods that are chosen, in every query', () => {
    for (const expr of queries) {
      const metrics = [...expr.matchAll(/haproxy_peer_sync_\w+\{([^}]*)\}/g)];
      expect(metrics.length, expr).toBe(expr.split('haproxy_peer_sync_').length - 1);
      for (const [, labels] of metrics) {
        expect(labels).toContain('namespace=~"$namespace", job=~"$job", pod=~"$pod"');
      }
    }
  });

  it('uses only labels that the metrics have', () => {
    for (const { targets } of dashboard.panels) {
      for (const { expr, legendFormat } of targets) {
        const known = metricsIn(expr).flatMap(
          (name) =>
            definitions.find((one) => metricPrefix + one.name === name.replace(/_bucket$/, ''))
              ?.labels ?? [],
        );
        const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
        expect([...known, 'pod', 'namespace', 'job'], expr).toEqual(expect.arrayContaining(used));
      }
    }
  });

  it('lays no panel on another', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  it('is found by Grafana, and the pods by Prometheus', () => {
    const kustomization = parse(read('examples/monitoring/kustomization.yaml'));
    const monitor = parse(read('examples/monitoring/podmonitor.yaml'));
    const deployment = read('examples/deployment/deployment.yaml');

    expect(kustomization.configMapGenerator[0].options.labels).toEqual({ grafana_dashboard: '1' });
    expect(deployment).toContain(
      `name: ${monitor.spec.podMetricsEndpoints[0].port}, containerPort`,
    );
    expect(monitor.spec.selector.matchLabels).toEqual({ app: 'haproxy' });
    expect(read('examples/monitoring/annotations.yaml')).toMatch(
      /prometheus\.io\/port: ["']8405["']/,
    );
  });

  it.each(['examples/monitoring/README.md', 'docs/changelog.md'])(
    '%s tells how many alerts there are',
    (path) => {
      const told = [...read(path).matchAll(/(\d+) alerts/g)].map(([, count]) => Number(count));

      expect(told).toEqual([alerts.length]);
    },
  );
});
