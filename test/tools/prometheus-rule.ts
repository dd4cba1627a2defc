import { readFileSync } from 'node:fs';
import { readProject } from './release/project.ts';

/** Where docs/operations.md says what to do about an alert. */
export function runbookUrl(alert: string): string {
  return `${readProject().url}/blob/main/docs/operations.md#${alert.toLowerCase()}`;
}

/** examples/monitoring/rules.yaml, whose addresses of runbooks follow from the names of the alerts. */
export function rulesYaml(): string {
  let alert = '';
  return readFileSync('examples/monitoring/rules.yaml', 'utf8')
    .split('\n')
    .map((line) => {
      alert = /^ *- alert: (\S+)$/.exec(line)?.[1] ?? alert;
      return line.replace(/^( *runbook_url: ).*$/, `$1${runbookUrl(alert)}`);
    })
    .join('\n');
}

/** examples/monitoring/prometheusrule.yaml: the groups of rules.yaml as the Prometheus operator takes them. */
export function prometheusRuleYaml(): string {
  const rules = rulesYaml();
  const groups = rules.slice(rules.indexOf('groups:'));
  return [
    '# Generated from rules.yaml by `npm run docs`.',
    'apiVersion: monitoring.coreos.com/v1',
    'kind: PrometheusRule',
    'metadata:',
    '  name: haproxy-peer-sync',
    '  labels: { app: haproxy }',
    'spec:',
    groups.trimEnd().replace(/^(?=.)/gm, '  '),
    '',
  ].join('\n');
}
