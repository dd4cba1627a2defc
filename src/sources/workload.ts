import type { Labels } from '../model/selector.ts';

/** The controller of a pod (`metadata.ownerReferences`, the entry with `controller: true`). */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** Labels that a controller gives each revision of a template: Deployment, Argo Rollout, StatefulSet and DaemonSet. */
export const revisionLabels: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'rollouts-pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
]);

/** Labels that a controller gives each pod its own value of: StatefulSet, indexed Job. */
export const podLabels: ReadonlySet<string> = new Set([
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/job-completion-index',
]);

/** The name without the end that differs between the ReplicaSets of a Deployment or Rollout. */
function withoutHash({ kind, name }: Owner, labels: Labels): string {
  for (const key of ['pod-template-hash', 'rollouts-pod-template-hash']) {
    const end = `-${labels[key] ?? ''}`;
    if (kind === 'ReplicaSet' && end !== '-' && name.endsWith(end))
      return name.slice(0, -end.length);
  }
  const config = labels.deploymentconfig ?? '';
  return kind === 'ReplicationController' && config !== '' && name.startsWith(`${config}-`)
    ? config
    : name;
}

/**
 * The workload of the pod over all revisions of its template, as far as the pod itself shows it. Pods with the same
 * result are replicas of each other. This needs no request and no permission: a ReplicaSet of a Deployment is named
 * after the Deployment and the hash of the template, which its pods have as a label. Null for a pod without a
 * controller.
 */
export function workloadOf(labels: Labels, owner: Owner | null): string | null {
  if (owner === null) return null;
  const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : '';
  return `${owner.kind}${group === '' ? '' : `.${group}`}/${withoutHash(owner, labels)}`;
}
