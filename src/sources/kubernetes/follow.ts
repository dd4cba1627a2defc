import { wallNow } from '../../clock.ts';
import { createInformer, type InformerOptions } from '../../kubernetes/informer.ts';
import type { Named, Resource } from '../../kubernetes/kind.ts';
import type { Chosen } from '../choose-members.ts';
import { createObservation } from '../observation.ts';
import type { Source } from '../source.ts';

/** Options of every source that follows the API server. */
export interface FollowOptions extends InformerOptions {
  /** The date, in milliseconds since the epoch. */
  readonly wallNow?: () => number;
}

/** What to follow, and how to get the members from it. */
export interface Followed<Facts extends Named> {
  /** Name of the source. */
  readonly source: string;
  readonly resource: Resource<Facts>;
  members(objects: Iterable<Facts>): Chosen;
}

/** A source whose selector, or whose choice of members, may change for another reason than an event. */
export interface FollowingSource extends Source {
  /** `members` makes something else of the same objects; `reselect`: and the selector is another one. */
  again(reselect: boolean): void;
}

/** Members by the objects of an informer. What happens to them while the API server is silent is said at `Observation`. */
export function follow<Facts extends Named>(
  { source, resource, members }: Followed<Facts>,
  options: FollowOptions,
): FollowingSource {
  const observation = createObservation({
    compute: () => members(informer.objects()),
    unheard: 'the API server has not answered yet',
    wallNow: options.wallNow ?? wallNow,
  });
  const informer = createInformer(resource, options, observation);
  return {
    name: source,
    start: informer.start,
    snapshot: observation.snapshot,
    onChange: observation.onChange,
    stopped: informer.stopped,
    again(reselect) {
      if (observation.synced()) observation.changed();
      if (reselect) informer.reselect();
    },
  };
}
