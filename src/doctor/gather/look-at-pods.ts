import { wallNow } from '../../clock.ts';
import type { SidecarConfig } from '../../config/values.ts';
import { connectWith } from '../../kubernetes/connection.ts';
import { asAppError } from '../../kubernetes/failures.ts';
import { listAll } from '../../kubernetes/list.ts';
import { getObjects } from '../../kubernetes/request.ts';
import { isDnsName } from '../../model/names.ts';
import { pods as podKind } from '../../sources/kubernetes/pod-source.ts';
import { slices } from '../../sources/kubernetes/slice-source.ts';
import type { SliceFacts } from '../../sources/slices.ts';
import type { PodFact } from '../facts.ts';
import { answerMs } from './looked.ts';

/** Endpoints with a valid name. */
function endpointsOf({ endpoints }: SliceFacts): readonly PodFact[] {
  return endpoints.flatMap(({ name, ...rest }) =>
    name === null || !isDnsName(name) ? [] : [{ name, ...rest }],
  );
}

/**
 * The pods, or endpoints, of the selector as the API server knows them now, and how far its clock is ahead of ours.
 */
export async function lookAtPods(
  { members, kubeconfig }: SidecarConfig,
  namespace: string,
  selector: string,
  signal: AbortSignal,
) {
  const kind = members.kind === 'service' ? slices : podKind;
  const context = { namespace, verb: 'list', kind } as const;
  const connection = await connectWith(kubeconfig)();
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
    const query = { labelSelector: selector, limit: '1' };
    const answer = await getObjects(connection, { ...context, query, signal: limit });
    const date = Date.parse(answer.headers.date ?? '');
    answer.destroy();
    const options = { namespace, selector, signal, answerMs };
    const pods =
      members.kind === 'service'
        ? [...(await listAll(connection, slices, options)).objects.values()].flatMap(endpointsOf)
        : [...(await listAll(connection, podKind, options)).objects.values()];
    return {
      pods,
      skewMs: Number.isFinite(date) ? date - wallNow() : null,
    };
  } catch (error) {
    throw asAppError(error, context);
  } finally {
    connection.close();
  }
}
