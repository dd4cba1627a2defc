import { flagsMarkdown } from '../../src/config/describe.ts';
import { errorCodes } from '../../src/errors.ts';
import { commonRules } from '../../src/gate/rules.ts';
import { holdCodes } from '../../src/model/decision.ts';
import { type NoticeDefinition, noticeReasons } from '../../src/model/notice.ts';
import { metricDefinitions, metricParts } from '../../src/modules/metrics.ts';
import { peersRules } from '../../src/modules/peers/gate/gate.ts';
import { type MetricDefinition, metricPrefix } from '../../src/telemetry/metric-definition.ts';
import { chartFiles } from './charts.ts';
import { dashboardJson } from './dashboard.ts';
import { exampleImages } from './example-images.ts';
import { prometheusRuleYaml, rulesYaml } from './prometheus-rule.ts';

function errorsMarkdown(): string {
  const rows = Object.entries(errorCodes).map(([code, advice]) => `| \`${code}\` | ${advice} |`);
  return [
    '# Error codes',
    '',
    'Generated from `src/errors.ts` by `npm run docs`. Codes are stable. They appear in the log (`code`), in messages and in the metric `haproxy_peer_sync_failures_total`.',
    '',
    '| code | what it means and what to do |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function metricsMarkdown(): string {
  const row = ({ name, type, labels = [], values = [], help }: MetricDefinition) => {
    const known = labels[0] === 'code' ? [] : values;
    const bounds = known.length === 0 ? '' : ` (${known.join(', ')})`;
    const shown = labels.map((label) => `\`${label}\``).join(', ') + bounds;
    return `| \`${metricPrefix}${name}\` | ${type} | ${shown} | ${help} |`;
  };
  const parts = Object.entries(metricParts).flatMap(([title, definitions]) => [
    `## ${title}`,
    '| metric | type | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...Object.values(definitions).map(row),
    '',
  ]);
  const renamed = Object.values<MetricDefinition>(metricDefinitions).flatMap(
    ({ name, formerly }) =>
      formerly === undefined
        ? []
        : [`| \`${metricPrefix}${formerly}\` | \`${metricPrefix}${name}\` |`],
  );
  const reasons = Object.entries(holdCodes).map(([code, text]) => `| \`${code}\` | ${text} |`);
  return [
    '# Metrics',
    '',
    'Generated from `src/telemetry/general-metrics.ts` and the `metrics.ts` of each module by `npm run docs`. Served on `/metrics`, port 8405 (`--listen`), as OpenMetrics 1.0 where the scraper asks for it, else as Prometheus text.',
    'A histogram has the endings `_bucket`, `_sum` and `_count`. The number of label values is limited: kinds, codes and names of the configuration. `peer` appears only with `--metrics-per-peer`, and disappears with the peer.',
    '',
    ...parts,
    '## Reasons',
    'Values of `reason` in `changes_waiting_reason` and `waits_total`:',
    '',
    '| reason | meaning |',
    '| --- | --- |',
    ...reasons,
    '',
    '## Earlier names',
    'Your own alerts and dashboards may still use these. The series with the names on the left no longer exist.',
    '',
    '| before | now |',
    '| --- | --- |',
    ...renamed,
    `| \`${metricPrefix}changes_waiting\` without a label | \`sum without (kind) (${metricPrefix}changes_waiting)\` |`,
    '',
    'A dashboard and alert rules: [examples/monitoring](../examples/monitoring/README.md).',
    '',
  ].join('\n');
}

function eventsMarkdown(): string {
  const definitions: readonly (readonly [string, NoticeDefinition])[] =
    Object.entries(noticeReasons);
  const rows = definitions.map(
    ([reason, { type, meaning, advice }]) => `| \`${reason}\` | ${type} | ${meaning} | ${advice} |`,
  );
  return [
    '# Events',
    '',
    'Generated from `src/model/notice.ts` by `npm run docs`. `kubectl describe pod` shows them, and `kubectl get events --field-selector reason=ResyncMissed`; `source` is `haproxy-peer-sync`.',
    'Within ten minutes, repetitions raise the count of one Event, at most every 30 seconds. All Events together are limited to 25 at once and then one in five minutes. `--events off` turns them off. Without permission to create Events they are off, too, and one line of the log names the missing rule.',
    '',
    '| reason | type | meaning | what to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function gateMarkdown(): string {
  const lists = [
    ['forbids', 'first'],
    ['delays', 'all that apply, until the last is over'],
    ['order', 'when nothing else is left to wait for'],
  ] as const;
  const from = [
    ['every reload', commonRules],
    ['peers', peersRules],
  ] as const;
  const rows = lists.flatMap(([list, when]) =>
    from.flatMap(([whose, rules]) =>
      rules[list]
        .flatMap(({ codes }) => codes)
        .map((code) => `| ${list} | ${when} | \`${code}\` | ${whose} | ${holdCodes[code]} |`),
    ),
  );
  return [
    '# Rules of the gate',
    '',
    'Generated from `src/gate` and `src/modules/peers/gate` by `npm run docs`. These are the reasons why a change, or another reload, is not made now. The log, `/status` and the metric `changes_waiting_reason` give the code. A rule that forbids a reload and has no time limit applies until you fix the cause.',
    '',
    '| list | asked | code | rule of | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** Every file that is made from code, by path. */
export async function generatedDocs(): Promise<Readonly<Record<string, string>>> {
  return {
    'docs/flags.md': flagsMarkdown(),
    'docs/errors.md': errorsMarkdown(),
    'docs/metrics.md': metricsMarkdown(),
    'docs/events.md': eventsMarkdown(),
    'docs/gate.md': gateMarkdown(),
    'examples/monitoring/dashboard.json': dashboardJson(),
    'examples/monitoring/rules.yaml': rulesYaml(),
    'examples/monitoring/prometheusrule.yaml': prometheusRuleYaml(),
    ...exampleImages(),
    ...chartFiles(),
  };
}
