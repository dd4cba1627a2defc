import type { LeftOut } from '../model/membership.ts';
import { type Labels, matches, type Requirement, type Selector } from '../model/selector.ts';
import { looksAlike } from './application.ts';
import { type Owner, podLabels, revisionLabels, workloadOf } from './workload.ts';

/** The fields of a pod that show where it belongs. */
export interface PodOrigin {
  readonly name: string;
  readonly labels: Labels;
  readonly owner: Owner | null;
}

/** Whether two pods are replicas of one workload, whatever their labels. */
export function sameWorkload(one: PodOrigin, other: PodOrigin): boolean {
  const workload = workloadOf(one.labels, one.owner);
  return workload !== null && workload === workloadOf(other.labels, other.owner);
}

/** Existing pods that are not siblings: replicas of the same workload, and others of the same application. */
export function leftOutOf(
  own: PodOrigin,
  pods: Iterable<PodOrigin>,
  isSibling: (pod: PodOrigin) => boolean,
): Pick<LeftOut, 'replicas' | 'alike'> {
  const others = [...pods].filter((pod) => pod.name !== own.name && !isSibling(pod));
  const replicas = others.filter((pod) => sameWorkload(own, pod));
  const alike = others.filter(
    (pod) => !sameWorkload(own, pod) && looksAlike(own.labels, pod.labels),
  );
  const names = (found: readonly PodOrigin[]) => found.map(({ name }) => name).sort();
  return { replicas: names(replicas), alike: names(alike) };
}

/** Keys that all of them have; those of one revision of a template, and of one pod, left out. */
function commonKeys(all: readonly Labels[]): readonly string[] {
  const [first = {}, ...rest] = all;
  return Object.keys(first)
    .filter((key) => !revisionLabels.has(key) && !podLabels.has(key))
    .filter((key) => rest.every((labels) => Object.hasOwn(labels, key)))
    .sort();
}

function oneOf(key: string, all: readonly Labels[]): Requirement {
  const values = [...new Set(all.map((labels) => labels[key] ?? ''))].sort();
  return { key, operator: 'in', values };
}

/**
 * The selector, widened just enough to include these pods. Pods in `pods` that it selected before stay selected. Null
 * if the pods have no label in common.
 */
export function widened(selector: Selector, pods: readonly PodOrigin[]): Selector | null {
  const all = pods.map(({ labels }) => labels);
  const outside = all.filter((labels) => !matches(selector, labels));
  if (outside.length === 0) return selector;
  const loosened = selector.flatMap((requirement): Requirement[] => {
    if (outside.every((labels) => matches([requirement], labels))) return [requirement];
    const { key, operator, values } = requirement;
    if (operator !== 'in' || !outside.every((labels) => Object.hasOwn(labels, key))) return [];
    return [{ key, operator, values: [...new Set([...values, ...oneOf(key, outside).values])] }];
  });
  // A selector that only says what a pod must not have would take in the whole namespace.
  if (loosened.some(({ operator }) => operator === 'in' || operator === 'exists')) return loosened;
  return inCommon(pods);
}

/** Selects these pods by as many labels as all of them have alike; null where they have none in common. */
export function inCommon(pods: readonly PodOrigin[]): Selector | null {
  const all = pods.map(({ labels }) => labels);
  const keys = commonKeys(all);
  const same = keys.map((key) => oneOf(key, all)).filter(({ values }) => values.length === 1);
  if (same.length > 0) return same;
  if (keys.length > 0) return keys.map((key) => oneOf(key, all));
  const revision = [...revisionLabels].find((key) =>
    all.every((labels) => Object.hasOwn(labels, key)),
  );
  return revision === undefined ? null : [{ key: revision, operator: 'exists', values: [] }];
}
