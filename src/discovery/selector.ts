import { UserError } from '../errors.ts';

/**
 * Labels that differ between pods of one workload, or between its revisions. A selector that kept one of them
 * would hide siblings, and a new pod that does not find the old ones loses the tables.
 * Controllers and admission add: the hashes and indexes, the job labels, and (PodTopologyLabels, on by default since
 * Kubernetes 1.35) topology.kubernetes.io/zone and /region.
 * Helm's and Kubernetes' recommended labels add: the chart's and the application's version, which change with
 * every upgrade.
 */
const volatileLabels: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'rollouts-pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'job-name',
  'controller-uid',
  'app.kubernetes.io/version',
  'helm.sh/chart',
]);
const volatilePrefixes: readonly string[] = [
  'batch.kubernetes.io/',
  'topology.kubernetes.io/',
  'failure-domain.beta.kubernetes.io/',
];

/** True for a label that says nothing about which workload a pod belongs to. */
export function isVolatileLabel(key: string): boolean {
  return volatileLabels.has(key) || volatilePrefixes.some((prefix) => key.startsWith(prefix));
}

/**
 * The selector that finds the siblings of a pod with these labels: `key=value,…`, sorted by key.
 * Throws `UserError` SELECTOR_EMPTY when no label is left, because an empty selector means every pod.
 */
export function deriveSelector(labels: Readonly<Record<string, string>>): string {
  const kept = Object.entries(labels).filter(([key]) => !isVolatileLabel(key));
  if (kept.length === 0) {
    const given = Object.keys(labels).sort();
    throw new UserError(
      'SELECTOR_EMPTY',
      given.length === 0
        ? 'The pod has no labels to find its siblings by.'
        : `The pod has only labels that differ from pod to pod: ${given.join(', ')}.`,
    );
  }
  return kept
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

const namePattern = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const prefixPattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

function keyProblem(key: string): string | undefined {
  const [first = '', second, ...rest] = key.split('/');
  const name = second ?? first;
  const good =
    rest.length === 0 &&
    namePattern.test(name) &&
    (second === undefined || prefixPattern.test(first));
  return good ? undefined : `"${key}" is not a label key`;
}

function valueProblem(value: string): string | undefined {
  return value === '' || namePattern.test(value) ? undefined : `"${value}" is not a label value`;
}

/** Commas inside parentheses belong to a set. */
function requirementsOf(selector: string): readonly string[] {
  return selector.split(/,(?![^(]*\))/).map((part) => part.trim());
}

const setPattern = /^(?<key>\S+)\s+(?:in|notin)\s*\((?<values>[^()]*)\)$/;
const equalityPattern = /^(?<key>[^\s=!]+)\s*(?:==|!=|=)\s*(?<value>[^\s=!]*)$/;
const existsPattern = /^!?\s*(?<key>[^\s=!()]+)$/;

function requirementProblem(requirement: string): string | undefined {
  const set = setPattern.exec(requirement)?.groups;
  if (set !== undefined) {
    const values = (set.values ?? '').split(',').map((value) => value.trim());
    return keyProblem(set.key ?? '') ?? values.map(valueProblem).find((p) => p !== undefined);
  }
  const equality = equalityPattern.exec(requirement)?.groups;
  if (equality !== undefined) {
    return keyProblem(equality.key ?? '') ?? valueProblem(equality.value ?? '');
  }
  const exists = existsPattern.exec(requirement)?.groups;
  if (exists !== undefined) return keyProblem(exists.key ?? '');
  return `"${requirement}" is neither key=value, key!=value, key in (a,b), key notin (a,b), key nor !key`;
}

/** What is wrong with a label selector in Kubernetes' syntax; undefined when it is right. */
export function selectorProblem(selector: string): string | undefined {
  if (selector.trim() === '') return 'an empty selector would take every pod for a sibling';
  return requirementsOf(selector)
    .map(requirementProblem)
    .find((problem) => problem !== undefined);
}

/** The selector without surrounding space. Throws `UserError` CONFIG_INVALID, or SELECTOR_EMPTY for an empty one. */
export function validateSelector(selector: string): string {
  const problem = selectorProblem(selector);
  if (problem === undefined) return selector.trim();
  const code = selector.trim() === '' ? 'SELECTOR_EMPTY' : 'CONFIG_INVALID';
  throw new UserError(
    code,
    `The label selector ${JSON.stringify(selector)} is wrong: ${problem}.`,
    {
      hint: 'Give --selector as kubectl takes it, e.g. app=haproxy,tier=edge.',
    },
  );
}
