import { RemoteError } from '../../errors.ts';
import type { Connection } from '../../kubernetes/connection.ts';
import { startDeadline } from '../../kubernetes/deadline.ts';
import { pathOf, versionPath } from '../../kubernetes/kind.ts';
import { sendJson } from '../../kubernetes/request.ts';
import { resourceListSchema } from '../../kubernetes/schema.ts';
import {
  type Labels,
  matches,
  type Selector,
  selectorProblem,
  selectorText,
} from '../../model/selector.ts';
import { type Owner, revisionLabels } from '../workload.ts';
import { ownerSelectorSchema } from './pod-schema.ts';

/** What an owner says of its pods, or why it says nothing of use. */
export type OwnerAnswer =
  | { readonly kind: 'selector'; readonly selector: Selector }
  | { readonly kind: 'none'; readonly why: string };

/** How paths call the kinds that are everywhere; others are looked up. */
const plurals: Readonly<Record<string, string>> = {
  'apps/v1 ReplicaSet': 'replicasets',
  'apps/v1 StatefulSet': 'statefulsets',
  'apps/v1 DaemonSet': 'daemonsets',
  'v1 ReplicationController': 'replicationcontrollers',
};

const answerMs = 5000;

const none = (why: string): OwnerAnswer => ({ kind: 'none', why });

/**
 * Removes the labels that distinguish revisions of a template. The rest is the selector of the Deployment or Rollout.
 */
function overRevisions(selector: Selector, kind: string): Selector {
  const ofConfig = selector.some(({ key }) => key === 'deploymentconfig');
  return selector.filter(({ key }) => {
    if (kind === 'ReplicationController' && ofConfig && key === 'deployment') return false;
    return !revisionLabels.has(key);
  });
}

type Ask = (path: string) => Promise<unknown>;

/** An answer that will be the same the next time. */
class Refused extends Error {}

/** The reference is whatever the pod's creator wrote, and becomes part of a path. */
const apiVersionPattern = /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?v[a-z0-9]+$/;

async function pluralOf({ apiVersion, kind }: Owner, ask: Ask): Promise<string> {
  if (!apiVersionPattern.test(apiVersion)) throw new Refused(`"${apiVersion}" is no apiVersion`);
  const known = plurals[`${apiVersion} ${kind}`];
  if (known !== undefined) return known;
  const list = resourceListSchema.safeParse(await ask(versionPath(groupOf(apiVersion))));
  const found = list.data?.resources.find(
    (resource) => resource.kind === kind && !resource.name.includes('/') && resource.namespaced,
  );
  if (found === undefined) throw new Refused(`the API server has no ${kind} in a namespace`);
  return found.name;
}

function groupOf(apiVersion: string): { readonly group: string; readonly version: string } {
  const [group = '', version] = apiVersion.split('/');
  return version === undefined ? { group: '', version: group } : { group, version };
}

/**
 * The label selector by which the controller of a pod finds all its pods, over all revisions of the template. Of a
 * ReplicaSet it is that of its Deployment or Rollout, so that one `get` is enough. `none` for what does not change by
 * asking again: no right, no such kind, a spec without selector, one that does not select the pod.
 * Rejects with RemoteError KUBERNETES_UNREACHABLE when the API server has no answer at present.
 */
export async function ownerSelector(
  connection: Connection,
  namespace: string,
  owner: Owner,
  own: Labels,
  signal: AbortSignal,
): Promise<OwnerAnswer> {
  const what = `get ${owner.kind} ${owner.name}`;

  async function ask(path: string): Promise<unknown> {
    const deadline = startDeadline(signal, answerMs, what);
    try {
      const answer = await sendJson(connection, 'GET', path, undefined, deadline.signal);
      const { status, message, body } = answer;
      if (status === 200) return body;
      const text = `the API server answers ${status} to ${what}: ${message}`;
      if (status !== 401 && status !== 429 && status < 500) throw new Refused(text);
      const details = { retryable: true, status, stage: 'get' };
      throw new RemoteError('KUBERNETES_UNREACHABLE', text, details);
    } finally {
      deadline.clear();
    }
  }

  try {
    const kind = { ...groupOf(owner.apiVersion), plural: await pluralOf(owner, ask) };
    const path = `${pathOf(kind, namespace)}/${encodeURIComponent(owner.name)}`;
    const found = ownerSelectorSchema.safeParse(await ask(path));
    if (!found.success) return none(`${owner.kind} ${owner.name} has no spec.selector of labels`);
    const selector = overRevisions(found.data.spec.selector, owner.kind);
    const problem = selectorProblem(selectorText(selector));
    if (problem !== undefined)
      return none(`the selector of ${owner.kind} ${owner.name}: ${problem}`);
    if (!matches(selector, own))
      return none(`the selector of ${owner.kind} ${owner.name} does not select this pod`);
    return { kind: 'selector', selector };
  } catch (error) {
    if (error instanceof Refused) return none(error.message);
    throw error;
  }
}

/** The rule a Role must have to let a pod ask its owner, on one line of YAML. */
export function neededOwnerRule({ apiVersion, kind }: Owner): string {
  const { group } = groupOf(apiVersion);
  const plural = plurals[`${apiVersion} ${kind}`] ?? `${kind.toLowerCase()}s`;
  return `{apiGroups: ["${group}"], resources: ["${plural}"], verbs: ["get"]}`;
}
