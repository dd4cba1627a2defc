import { flagsMarkdown } from '../../src/config/describe.ts';
import { errorCodes } from '../../src/errors.ts';
import { createMetrics } from '../../src/server/metrics.ts';

function errorsMarkdown(): string {
  const rows = Object.entries(errorCodes).map(([code, advice]) => `| \`${code}\` | ${advice} |`);
  return [
    '# Error codes',
    '',
    'Generated from `src/errors.ts` by `npm run docs`. Codes are stable; they stand in the log (`code`), in messages and in the metric `haproxy_peer_sync_failures_total`.',
    '',
    '| code | what it means and what to do |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

async function metricsMarkdown(): Promise<string> {
  const metrics = await createMetrics('docs').registry.getMetricsAsJSON();
  const rows = metrics.map(({ name, type, help }) => `| \`${name}\` | ${String(type)} | ${help} |`);
  return [
    '# Metrics',
    '',
    'Generated from `src/server/metrics.ts` by `npm run docs`. Served on `/metrics`, port 8405 (`--listen`).',
    '',
    '| metric | type | meaning |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** Every page of docs/ that is made from code, by path. */
export async function generatedDocs(): Promise<Readonly<Record<string, string>>> {
  return {
    'docs/flags.md': flagsMarkdown(),
    'docs/errors.md': errorsMarkdown(),
    'docs/metrics.md': await metricsMarkdown(),
  };
}
