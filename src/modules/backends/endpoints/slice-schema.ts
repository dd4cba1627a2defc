import * as z from 'zod';
import type { Resource } from '../../../kubernetes/kind.ts';
import { type Slice, type SliceEndpoint, type SlicePort, sameSlice } from './slice.ts';

const portSchema = z
  .object({
    name: z.string().nullish(),
    port: z.number().nullish(),
    protocol: z.string().nullish(),
  })
  .transform(
    ({ name, port, protocol }): SlicePort => ({
      name: name ?? '',
      port: port ?? null,
      protocol: protocol ?? 'TCP',
    }),
  );

const endpointSchema = z
  .object({
    addresses: z.array(z.string()).nullish(),
    conditions: z
      .object({
        ready: z.boolean().nullish(),
        serving: z.boolean().nullish(),
        terminating: z.boolean().nullish(),
      })
      .nullish(),
    targetRef: z
      .object({ kind: z.string().nullish(), name: z.string().nullish(), uid: z.string().nullish() })
      .nullish(),
    nodeName: z.string().nullish(),
    hints: z.object({ forZones: z.array(z.object({ name: z.string() })).nullish() }).nullish(),
  })
  .transform(({ addresses, conditions, targetRef, nodeName, hints }): SliceEndpoint => {
    // "A nil value should be interpreted as true", and of serving: "consumers should defer to the ready condition".
    const ready = conditions?.ready ?? true;
    const isPod = targetRef?.kind === 'Pod' && Boolean(targetRef.name);
    return {
      addresses: addresses ?? [],
      ready,
      serving: conditions?.serving ?? ready,
      terminating: conditions?.terminating === true,
      pod: isPod ? { name: targetRef.name ?? '', uid: targetRef.uid ?? null } : null,
      node: nodeName || null,
      forZones: hints?.forZones?.map(({ name }) => name) ?? null,
    };
  });

/** An EndpointSlice; everything else of it is dropped. */
export const sliceSchema = z
  .object({
    metadata: z.object({ name: z.string().min(1), resourceVersion: z.string() }),
    addressType: z.string(),
    ports: z.array(portSchema).nullish(),
    endpoints: z.array(endpointSchema).nullish(),
  })
  .transform(
    ({ metadata, addressType, ports, endpoints }): Slice => ({
      ...metadata,
      addressType,
      ports: ports ?? [],
      endpoints: endpoints ?? [],
    }),
  );

/** EndpointSlices: discovery.k8s.io/v1, from Kubernetes 1.21 on. */
export const endpointSlices: Resource<Slice> = {
  ...{ group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' },
  schema: sliceSchema,
  same: sameSlice,
};

/** The label selector of the slices of a Service. */
export function slicesOf(service: string): string {
  return `kubernetes.io/service-name=${service}`;
}
