import { UserError } from '../errors.ts';
import type { Labels, Selector } from '../model/selector.ts';

/**
 * Labels that say which application a pod belongs to: Kubernetes' recommended ones, and the two that came before them.
 * Any other label may come, change or go with a template change, a chart, an injector or a person.
 */
export const applicationLabels = [
  'app.kubernetes.io/instance',
  'app.kubernetes.io/name',
  'app.kubernetes.io/component',
  'app',
  'k8s-app',
] as const;

/** The labels of a pod that say which application it belongs to. */
export function applicationOf(labels: Labels): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const key of applicationLabels) {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

/** Selects the pods of one application. Throws `UserError` SELECTOR_EMPTY where no label names it. */
export function applicationSelector(labels: Labels): Selector {
  const found = [...applicationOf(labels)].map(
    ([key, value]) => ({ key, operator: 'in', values: [value] }) as const,
  );
  if (found.length > 0) return found;
  const given = Object.keys(labels).sort().join(', ');
  throw new UserError(
    'SELECTOR_EMPTY',
    `The pod has none of the labels that name an application (${applicationLabels.join(', ')})${given === '' ? '' : `: it has ${given}`}.`,
    {
      hint: 'Give --selector with labels that all replicas have, old and new.',
    },
  );
}

/** True when the one names no other application than the other, and they name one in common: it may be a replica. */
export function looksAlike(own: Labels, other: Labels): boolean {
  const ours = applicationOf(own);
  const common = [...applicationOf(other)].filter(([key]) => ours.has(key));
  return common.length > 0 && common.every(([key, value]) => ours.get(key) === value);
}
