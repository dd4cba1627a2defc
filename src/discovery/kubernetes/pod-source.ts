import type { Self } from '../../model/member.ts';
import { membersFromPods, type PeerNames, type PodFacts, samePod } from '../pods.ts';
import type { Source } from '../source.ts';
import { type FollowOptions, follow } from './follow.ts';
import type { Resource } from './kind.ts';
import { podSchema } from './schema.ts';

export const pods: Resource<PodFacts> = {
  ...{ group: '', version: 'v1', plural: 'pods' },
  schema: podSchema,
  same: samePod,
};

export interface PodSourceOptions extends FollowOptions {
  readonly self: Self;
  readonly peerNames?: PeerNames;
}

/** The pods of a selector. */
export function createPodSource({ self, peerNames, ...options }: PodSourceOptions): Source {
  const members = (found: Iterable<PodFacts>) => membersFromPods(found, self, peerNames);
  return follow({ source: 'kubernetes', resource: pods, members }, options);
}
