import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { reachedAt } from '../config/listen.ts';
import { errorMessage, UserError } from '../errors.ts';
import { inTurns } from '../in-turns.ts';
import { type Connection, connectWith } from '../kubernetes/connection.ts';
import { listAll } from '../kubernetes/list.ts';
import { getFromPod } from '../kubernetes/request.ts';
import { selectorText } from '../model/selector.ts';
import { applicationSelector } from '../sources/application.ts';
import { readKeptSelector } from '../sources/kept-selector.ts';
import { pods as podKind } from '../sources/kubernetes/pod-source.ts';
import { readLabelsFile } from '../sources/labels-file.ts';
import type { PodFacts } from '../sources/pods.ts';
import { askStatus, parseStatus, statusPath } from '../telemetry/ask-status.ts';
import type { Context } from './command.ts';
import type { Found } from './found.ts';

const answerMs = 5000;
/** How many pods are asked at the same time. */
const parallel = 32;

/** In a pod, the service account; elsewhere the kubeconfig that kubectl would take. */
function kubeconfigOf({ config, env }: Context<'status'>): string | undefined {
  const inPod = env.KUBERNETES_SERVICE_HOST !== undefined && config.context === undefined;
  if (config.kubeconfig !== undefined || inPod) return config.kubeconfig;
  const own = join(homedir(), '.kube', 'config');
  return existsSync(own) ? own : undefined;
}

/** In a pod, the one that init has found. */
async function selectorOf({ config }: Context<'status'>): Promise<string> {
  if (config.selector !== undefined) return config.selector;
  const kept = await readKeptSelector(config.haproxyConfig, undefined);
  if (kept !== undefined) return kept.selector;
  try {
    return selectorText(applicationSelector(await readLabelsFile(config.labelsFile)));
  } catch {
    throw new UserError('SELECTOR_EMPTY', '--all needs to know which pods are meant.', {
      hint: 'Give --selector, for example --selector app=haproxy.',
    });
  }
}

/** Looks once. The list of pods is read anew each time. */
export type Look = () => Promise<readonly Found[]>;

export function lookHere({ config, signal }: Context<'status'>): Look {
  const { port } = config.listen;
  const host = reachedAt(config.listen);
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return async () => {
    const status = await askStatus(host, port, { timeoutMs: answerMs, signal });
    const why = `no sidecar answers on ${place}: is this a pod with the sidecar? Elsewhere: --pod NAME or --all`;
    return [{ name: 'this pod', status, why }];
  };
}

/** What was found of a pod, with what the API server says of it: nobody misses the answer of one that goes. */
export function asItIs({ terminating, finished }: PodFacts, found: Found): Found {
  if (finished)
    return { name: found.name, status: null, pod: 'ended', why: 'has ended: its pod is left over' };
  if (!terminating) return found;
  const why = 'is being deleted, and does not answer any more';
  return { ...found, pod: 'leaving', ...(found.status === null ? { why } : {}) };
}

export function lookOverApi(context: Context<'status'>, port: number): Look {
  const { config, env, signal } = context;
  let connection: Connection | undefined;

  async function askPod(namespace: string, name: string): Promise<Found> {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
      const text = await getFromPod(
        connection as Connection,
        namespace,
        name,
        port,
        statusPath(config.all),
        limit,
      );
      return { name, status: parseStatus(text), why: 'answers with something else than a status' };
    } catch (error) {
      return { name, status: null, why: `does not answer: ${errorMessage(error)}` };
    }
  }

  async function askReplica(namespace: string, pod: PodFacts): Promise<Found> {
    const { name, addresses, finished } = pod;
    const [address] = addresses;
    // Its address may be another pod's by now.
    if (finished) return { name, status: null };
    // In a pod its siblings are near, and its service account has no business with the API server's proxy.
    if (env.KUBERNETES_SERVICE_HOST === undefined || config.kubeconfig !== undefined) {
      return askPod(namespace, name);
    }
    if (address === undefined) return { name, status: null, why: 'has no address yet' };
    const options = { timeoutMs: answerMs, signal, sampled: config.all };
    const status = await askStatus(address, port, options);
    return { name, status, why: `does not answer on ${address}:${port}` };
  }

  return async () => {
    connection ??= await connectWith(kubeconfigOf(context), { context: config.context })();
    const namespace = config.namespace ?? connection.namespace ?? 'default';
    if (config.pod.length > 0)
      return inTurns(config.pod, parallel, (name) => askPod(namespace, name));
    const selector = await selectorOf(context);
    const options = { namespace, selector, signal, answerMs };
    const { objects } = await listAll(connection, podKind, options);
    const found = [...objects.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return inTurns(found, parallel, async (pod) => asItIs(pod, await askReplica(namespace, pod)));
  };
}
