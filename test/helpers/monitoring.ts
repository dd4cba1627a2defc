import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

export const rulesFile = 'examples/monitoring/rules.yaml';
export const rulesTestFile = 'examples/monitoring/rules.test.yaml';

const alertSchema = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
  annotations: z.strictObject({
    summary: z.string(),
    description: z.string(),
    runbook_url: z.string(),
  }),
});
const rulesSchema = z.object({ groups: z.array(z.object({ rules: z.array(alertSchema) })) });

export type Alert = z.infer<typeof alertSchema>;

export function readAlerts(text = readFileSync(rulesFile, 'utf8')): readonly Alert[] {
  return rulesSchema.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}

const panelSchema = z.object({
  title: z.string(),
  type: z.string(),
  description: z.string().optional(),
  gridPos: z.object({ h: z.number(), w: z.number(), x: z.number(), y: z.number() }),
  targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
});
const dashboardSchema = z.object({
  panels: z.array(panelSchema),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), query: z.unknown() })),
  }),
});

export function readDashboard() {
  return dashboardSchema.parse(
    JSON.parse(readFileSync('examples/monitoring/dashboard.json', 'utf8')),
  );
}

/** As Grafana asks with everything chosen. */
export function filledIn(expr: string): string {
  return expr.replaceAll(/"\$(namespace|job|pod)"/g, '".*"').replaceAll('$__rate_interval', '30s');
}

/** Our metrics that an expression or a file names. */
export function metricsIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\bhaproxy_peer_sync_[a-z0-9_]+/g)].map(([name]) => name))];
}
