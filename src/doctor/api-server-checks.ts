import { type Check, failure, ok, warning } from './facts.ts';

/** If clocks differ by more than this, tokens and certificates soon fail. */
const skewLimitMs = 30_000;

const rbac: Check = ({ options, pods }) => {
  const name = 'rbac';
  if (!options.usesKubernetes)
    return [ok(name, 'not needed: the API server is not asked who the members are')];
  if (pods.ok) return [ok(name, `the members in namespace ${options.namespace} may be listed`)];
  if (pods.code === 'KUBERNETES_FORBIDDEN' || pods.code === 'KUBERNETES_UNAUTHORIZED') {
    return [failure(name, pods.why, pods.hint ?? 'add a Role that may get, list and watch pods')];
  }
  return [];
};

const apiServer: Check = ({ options, pods }) => {
  const name = 'api-server';
  if (!options.usesKubernetes) return [];
  if (!pods.ok) {
    if (pods.code !== 'KUBERNETES_UNREACHABLE' && pods.code !== 'KUBERNETES_BAD_ANSWER') return [];
    return [
      failure(
        name,
        pods.why,
        pods.hint ?? 'look at the network of the pod and at automountServiceAccountToken',
      ),
    ];
  }
  const { skewMs } = pods.value;
  if (skewMs !== null && Math.abs(skewMs) > skewLimitMs) {
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    return [
      warning(
        name,
        `the clock of the API server is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this node's: tokens and certificates will fail`,
        'set the clock of the node: chronyc makestep, or timedatectl set-ntp true',
      ),
    ];
  }
  return [ok(name, 'answers, and its clock agrees')];
};

export const apiServerChecks: readonly Check[] = [rbac, apiServer];
