import * as z from 'zod';
import type { EndpointFacts, SliceFacts } from '../slices.ts';

const endpointSchema = z
  .object({
    addresses: z.array(z.string()).nullish(),
    conditions: z
      .object({ terminating: z.boolean().nullish(), serving: z.boolean().nullish() })
      .nullish(),
    hostname: z.string().nullish(),
    targetRef: z
      .object({
        kind: z.string().nullish(),
        name: z.string().nullish(),
        uid: z.string().nullish(),
      })
      .nullish(),
  })
  .transform(({ addresses, conditions, hostname, targetRef }): EndpointFacts => {
    const pod = targetRef?.kind === 'Pod' ? targetRef : undefined;
    return {
      name: pod?.name || hostname || null,
      ...(pod?.uid ? { uid: pod.uid } : {}),
      addresses: addresses ?? [],
      terminating: conditions?.terminating === true,
      // `ready` is true for all where a Service publishes addresses that are not ready; `serving` is not.
      ...(conditions?.serving === true ? { serving: true } : {}),
    };
  });

/** An EndpointSlice. Endpoints that are not ready are in it as well: a pod must be known before it is ready. */
export const sliceSchema = z
  .object({
    metadata: z.object({ name: z.string().min(1) }),
    endpoints: z.array(endpointSchema).nullish(),
  })
  .transform(
    ({ metadata, endpoints }): SliceFacts => ({ name: metadata.name, endpoints: endpoints ?? [] }),
  );
