import type { Slice, SliceEndpoint } from '../../src/modules/backends/endpoints/slice.ts';
import { sliceSchema } from '../../src/modules/backends/endpoints/slice-schema.ts';

/** An endpoint that is ready, of a pod. */
export function endpointOf(
  pod: string | null,
  address: string,
  part: Partial<SliceEndpoint> = {},
): SliceEndpoint {
  const ready = part.ready ?? true;
  return {
    ...{
      addresses: [address],
      ready,
      serving: ready,
      terminating: false,
      node: null,
      forZones: null,
    },
    pod: pod === null ? null : { name: pod, uid: `uid-${pod}` },
    ...part,
  };
}

/** A slice of IPv4 endpoints with the port `http` 8080. */
export function sliceOf(endpoints: readonly SliceEndpoint[], part: Partial<Slice> = {}): Slice {
  return {
    ...{ name: 'app-abcde', resourceVersion: '100', addressType: 'IPv4' },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints,
    ...part,
  };
}

/** The facts of an object as the API server sends it. */
export function parsedSlice(object: unknown): Slice {
  return sliceSchema.parse(object);
}
