import { sleep } from '../../clock.ts';
import type { Self } from '../../model/member.ts';
import type { Chosen } from '../candidates.ts';
import { membersFromPods, type PeerNames, type PodFacts, samePod } from '../pods.ts';
import type { Source } from '../source.ts';
import { type FollowOptions, follow } from './follow.ts';
import type { Resource } from './kind.ts';
import { podSchema } from './schema.ts';
import type { Scope } from './scope.ts';

export const pods: Resource<PodFacts> = {
  ...{ group: '', version: 'v1', plural: 'pods' },
  schema: podSchema,
  same: samePod,
};

export interface PodSourceOptions extends Omit<FollowOptions, 'selector'> {
  /** Who finds the selector, or the selector itself. */
  readonly siblings: Scope | string;
  readonly self: Self;
  readonly peerNames?: PeerNames;
}

/** The pods that are siblings. */
export function createPodSource({
  siblings,
  self,
  peerNames,
  ...options
}: PodSourceOptions): Source {
  if (typeof siblings === 'string') {
    const members = (found: Iterable<PodFacts>) => membersFromPods(found, self, peerNames);
    return follow(
      { source: 'kubernetes', resource: pods, members },
      { ...options, selector: siblings },
    );
  }
  const scope = siblings;

  function members(found: Iterable<PodFacts>): Chosen {
    const chosen = scope.siblings(found);
    const { notes, ...rest } = membersFromPods(chosen, self, peerNames);
    return { ...rest, notes: [...notes, ...scope.notes()], leftOut: scope.leftOut(chosen) };
  }

  const followed = follow(
    { source: 'kubernetes', resource: pods, members },
    { ...options, selector: scope.selector },
  );

  async function lookAround(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const known = scope.found() !== null;
      await sleep(scope.pauseMs(), signal).catch(() => undefined);
      if (signal.aborted) return;
      // Whoever finds the selector has looked already.
      if (!known) continue;
      const seen = await scope.look(signal);
      if (seen !== 'same') followed.again(seen === 'selector');
    }
  }

  let looking: Promise<void> | undefined;
  return {
    name: followed.name,
    snapshot: followed.snapshot,
    onChange: followed.onChange,
    start(signal) {
      followed.start(signal);
      looking ??= lookAround(signal);
    },
    async stopped() {
      await Promise.all([followed.stopped(), looking]);
    },
  };
}
