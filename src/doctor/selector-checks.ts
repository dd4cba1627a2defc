import { type Check, failure, ok, warning } from './facts.ts';

const origins = {
  given: '',
  owner: " (the owner's)",
  application: ' (the labels of the application)',
  workload: ' (replicas of the same workload)',
} as const;

const selector: Check = ({ options, selector: found, selectorFrom, pods, podName, siblings }) => {
  const name = 'selector';
  if (!options.usesKubernetes) return [];
  if (!found.ok) {
    // The checks `rbac` and `api-server` report what the API server refuses.
    if (found.code?.startsWith('KUBERNETES_')) return [];
    return [failure(name, found.why, found.hint ?? 'give --selector app=haproxy')];
  }
  if (!pods.ok) return [];
  const all = pods.value.pods;
  if (!all.some((pod) => pod.name === podName)) {
    return [
      failure(
        name,
        `"${found.value}" selects ${all.length} pods and not this one (${podName}): nothing will ever be changed`,
        `compare: kubectl -n ${options.namespace} get pod ${podName} --show-labels`,
      ),
    ];
  }
  const strangers = siblings.filter(
    ({ hello, status }) => status === null && (hello === 'refused' || hello === 'wrong-name'),
  );
  if (all.length === 1) {
    return [
      warning(
        name,
        `"${found.value}" selects this pod alone: with one replica that is right, with more it is too narrow`,
        `compare: kubectl -n ${options.namespace} get pods --show-labels`,
      ),
    ];
  }
  if (strangers.length > 0 && strangers.length === siblings.length) {
    return [
      warning(
        name,
        `neither the peers protocol nor a sidecar answers on ${siblings.map((sibling) => sibling.name).join(', ')}: "${found.value}" may be too wide`,
        'give HAProxy pods a label of their own and --selector it',
      ),
    ];
  }
  const from = origins[selectorFrom ?? 'given'];
  return [ok(name, `"${found.value}"${from} selects ${all.length} pods, this one included`)];
};

const leftOut: Check = ({ options, leftOut: found, selector: selected }) => {
  const name = 'left-out';
  if (found === undefined) return [];
  const text = selected.ok ? `"${selected.value}"` : 'the selector';
  const findings = [];
  if (found.replicas.length > 0) {
    const blocks = found.alone && options.allowLeftOut !== true;
    const what = `${text} leaves out ${found.replicas.join(', ')}, running replicas of the same owner: nothing is shared with them`;
    const mend = 'give --selector labels of the spec.selector of the Deployment, StatefulSet, ...';
    findings.push((blocks ? failure : warning)(name, what, mend));
  }
  if (found.alike.length > 0) {
    findings.push(
      warning(
        name,
        `${text} leaves out ${found.alike.join(', ')}, which have the labels of the same application: nothing is shared with them`,
        'give --selector labels that they have too, or give them another app label',
      ),
    );
  }
  return findings;
};

export const selectorChecks: readonly Check[] = [selector, leftOut];
