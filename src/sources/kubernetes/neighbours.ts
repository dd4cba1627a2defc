import type { Connection } from '../../kubernetes/connection.ts';
import { asAppError } from '../../kubernetes/failures.ts';
import type { Named, Resource } from '../../kubernetes/kind.ts';
import { listAll } from '../../kubernetes/list.ts';
import { applicationOf } from '../application.ts';
import type { PodOrigin } from '../left-out.ts';
import { podOriginSchema } from './pod-schema.ts';

/** A pod of which only the metadata is asked for. */
export interface Neighbour extends PodOrigin, Named {
  readonly terminating: boolean;
}

const neighbours: Resource<Neighbour> = {
  ...{ group: '', version: 'v1', plural: 'pods' },
  schema: podOriginSchema,
  same: () => false,
};

export interface LookedAround {
  readonly pods: readonly Neighbour[];
  /** False: not all pods of the namespace were looked at. */
  readonly complete: boolean;
  /** What was looked at, for people. */
  readonly what: string;
}

const answerMs = 10_000;
/** The metadata of a pod is 1 to 4 KB. */
const mostPods = 2000;
/**
 * These are pods of others, and annotations of one may be 256 KiB: a page of 20 MB took 320 MB of memory. One of this
 * much takes 60 MB.
 */
const page = { pageSize: 100, pageChars: 4 * 1024 * 1024 } as const;
const common = { answerMs, metadataOnly: true, ...page, atMost: mostPods } as const;

async function list(
  connection: Connection,
  namespace: string,
  selector: string,
  fieldSelector: string,
  signal: AbortSignal,
) {
  try {
    return await listAll(connection, neighbours, {
      ...common,
      ...{ namespace, selector, fieldSelector, signal },
    });
  } catch (error) {
    throw asAppError(error, { namespace, verb: 'list', kind: neighbours });
  }
}

/** Labels and controller of one pod, or null where there is no such pod. Rejects with an AppError. Needs `list` alone. */
export async function ownOrigin(
  connection: Connection,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<PodOrigin | null> {
  const found = await list(connection, namespace, '', `metadata.name=${name}`, signal);
  return found.objects.get(name) ?? null;
}

/**
 * The pods of the namespace that are not finished, or that run; of a namespace with very many only those with the own
 * pod's application label. Rejects with an AppError.
 */
export async function lookAround(
  connection: Connection,
  options: {
    readonly namespace: string;
    readonly own: PodOrigin;
    readonly running: boolean;
    readonly signal: AbortSignal;
  },
): Promise<LookedAround> {
  const { namespace, own, signal } = options;
  const phases = options.running
    ? 'status.phase=Running'
    : 'status.phase!=Succeeded,status.phase!=Failed';
  const whole = await list(connection, namespace, '', phases, signal);
  const [label] = applicationOf(own.labels);
  if (whole.complete || label === undefined) {
    const pods = [...whole.objects.values()];
    return { pods, complete: whole.complete, what: `${pods.length} pods of the namespace` };
  }
  const selector = label.join('=');
  const part = await list(connection, namespace, selector, phases, signal);
  const pods = [...part.objects.values()];
  return { pods, complete: false, what: `${pods.length} pods with ${selector}` };
}
