import { readFileSync } from 'node:fs';

/** examples/monitoring/prometheusrule.yaml: the groups of rules.yaml as the Prometheus operator takes them. */
export function prometheusRuleYaml(): string {
  const rules = readFileSync('examples/monitoring/rules.yaml', 'utf8');
  const groups = rules.slice(rules.indexOf('groups:'));
  return [
    '# Made from rules.yaml by `npm run docs`.',
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
