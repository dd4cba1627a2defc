import { createInformer, type InformerOptions } from '../../../kubernetes/informer.ts';
import type { Named, Resource } from '../../../kubernetes/kind.ts';

export interface Followed<Facts> {
  /** Null: the API server has not answered yet. */
  objects(): Iterable<Facts> | null;
  /** Follows until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface FollowOptions extends InformerOptions {
  /** The objects are others, or known for the first time. */
  readonly onChange: () => void;
  /** Why the API server is not heard at present; null: it is. */
  readonly onTrouble: (trouble: string | null) => void;
}

/** Objects that once known stay known: an API server that is silent has not said that they are gone. */
export function follow<Facts extends Named>(
  resource: Resource<Facts>,
  { onChange, onTrouble, ...options }: FollowOptions,
): Followed<Facts> {
  const informer = createInformer(resource, options, {
    heard() {},
    changed: onChange,
    trouble: (why) => onTrouble(why ?? null),
  });
  return {
    objects: () => (informer.synced() ? informer.objects() : null),
    async run(signal) {
      informer.start(signal);
      await informer.stopped();
    },
  };
}
