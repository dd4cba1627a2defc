import { createInformer, type InformerOptions } from '../../../kubernetes/informer.ts';
import type { Resource } from '../../../kubernetes/kind.ts';
import { type Slice, sameSlice } from '../endpoints/slice.ts';
import { sliceSchema } from '../endpoints/slice-schema.ts';

/** EndpointSlices: discovery.k8s.io/v1, from Kubernetes 1.21 on. */
export const endpointSlices: Resource<Slice> = {
  ...{ group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' },
  schema: sliceSchema,
  same: sameSlice,
};

export interface FollowedService {
  /** Null: the API server has not answered yet. */
  slices(): Iterable<Slice> | null;
  /** Why it is not heard at present; null: it is. */
  trouble(): string | null;
  /** Follows until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface FollowServiceOptions extends Omit<InformerOptions, 'selector'> {
  readonly service: string;
  /** The slices are others, or known for the first time. */
  readonly onChange: () => void;
  readonly onTrouble: (trouble: string | null) => void;
}

/** The EndpointSlices of a Service. Once known they stay known: an API server that is silent has not said that they are gone. */
export function followService({
  service,
  onChange,
  onTrouble,
  ...options
}: FollowServiceOptions): FollowedService {
  let trouble: string | null = null;
  const selector = `kubernetes.io/service-name=${service}`;
  const informer = createInformer(
    endpointSlices,
    { ...options, selector },
    {
      heard() {},
      changed: onChange,
      trouble(why) {
        trouble = why ?? null;
        onTrouble(trouble);
      },
    },
  );
  return {
    slices: () => (informer.synced() ? informer.objects() : null),
    trouble: () => trouble,
    async run(signal) {
      informer.start(signal);
      await informer.stopped();
    },
  };
}
