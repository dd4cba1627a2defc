import type { Resource } from '../../kubernetes/kind.ts';
import type { Self } from '../../model/member.ts';
import { membersFromSlices, type SliceFacts, sameSlice } from '../slices.ts';
import type { Source } from '../source.ts';
import { type FollowOptions, follow } from './follow.ts';
import { sliceSchema } from './slice-schema.ts';

/** EndpointSlices: discovery.k8s.io/v1, from Kubernetes 1.21 on. */
export const slices: Resource<SliceFacts> = {
  ...{ group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' },
  schema: sliceSchema,
  same: sameSlice,
};

export interface SliceSourceOptions extends Omit<FollowOptions, 'selector'> {
  readonly service: string;
  readonly self: Self;
}

/** The endpoints of a Service, ready or not. */
export function createSliceSource({ service, self, ...options }: SliceSourceOptions): Source {
  const members = (found: Iterable<SliceFacts>) => membersFromSlices(found, self, service);
  const selector = `kubernetes.io/service-name=${service}`;
  return follow({ source: 'service', resource: slices, members }, { ...options, selector });
}
