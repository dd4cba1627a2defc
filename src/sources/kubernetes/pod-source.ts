import { monotonicNow, sleep } from '../../clock.ts';
import type { Resource } from '../../kubernetes/kind.ts';
import type { Self } from '../../model/member.ts';
import type { Chosen } from '../choose-members.ts';
import { membersFromPods, type PeerNames, type PodFacts, samePod } from '../pods.ts';
import type { Source } from '../source.ts';
import { type FollowOptions, follow } from './follow.ts';
import { podSchema } from './pod-schema.ts';
import type { Scope } from './scope.ts';

export const pods: Resource<PodFacts> = {
  ...{ group: '', version: 'v1', plural: 'pods' },
  schema: podSchema,
  same: samePod,
};

export interface PodSourceOptions extends Omit<FollowOptions, 'selector'> {
  /** What finds the selector, or the selector itself. */
  readonly siblings: Scope | string;
  readonly self: Self;
  readonly peerNames?: PeerNames;
}

/** How often the pause until the next check is computed again, in milliseconds, because new events may shorten it. */
const askAgainMs = 5000;

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
    const { now = monotonicNow } = options;
    let lookedAtMs = now();
    while (!signal.aborted) {
      // Finding the selector has already checked this.
      if (scope.found() === null) lookedAtMs = now();
      const leftMs = lookedAtMs + scope.pauseMs() - now();
      await sleep(Math.max(0, Math.min(leftMs, askAgainMs)), signal).catch(() => undefined);
      if (signal.aborted) return;
      if (scope.found() === null || now() - lookedAtMs < scope.pauseMs()) continue;
      lookedAtMs = now();
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
