import { Registry } from 'prom-client';

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** Does the scraper take OpenMetrics, and not only if there is nothing else? Prometheus names it first since 2.5. */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  const weight = (type: string): number => {
    const range = (accept ?? '').split(',').find((part) => part.trim().startsWith(type));
    if (range === undefined) return 0;
    const q = Number(/;\s*q=([\d.]+)/.exec(range)?.[1] ?? 1);
    return Number.isNaN(q) ? 0 : q;
  };
  const open = weight('application/openmetrics-text');
  return open > 0 && open >= weight('text/plain');
}

/**
 * Prometheus text 0.0.4 as OpenMetrics 1.0: the family of a counter is called without `_total`, nothing is empty, and
 * there is an end mark. prom-client's own way renames the counters for good, so that the next plain scrape lacks
 * `_total` (15.1.3, lib/registry.js, `metrics`).
 */
export function toOpenMetrics(text: string): string {
  const counters = [...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map(([, name]) => name);
  const names = new Set(counters);
  const lines = text.split('\n').filter((line) => line !== '');
  const renamed = lines.map((line) => {
    const [, keyword, name, rest] = /^# (HELP|TYPE) (\S+)_total (.*)$/.exec(line) ?? [];
    if (name !== undefined && names.has(name)) return help(`# ${keyword} ${name} ${rest}`);
    return line.startsWith('# ') ? help(line) : line;
  });
  return `${renamed.join('\n')}\n# EOF\n`;
}

/** In OpenMetrics a quote is escaped in help, too. */
function help(line: string): string {
  return line.startsWith('# HELP ') ? line.replaceAll('"', '\\"') : line;
}

export type Format = 'text' | 'openmetrics';

/** What the registry holds, in one of the formats. */
export async function expose(registry: Registry, format: Format): Promise<Exposition> {
  const text = await registry.metrics();
  if (format === 'text') return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text };
  return { contentType: Registry.OPENMETRICS_CONTENT_TYPE, text: toOpenMetrics(text) };
}
