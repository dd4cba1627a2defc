import type { Membership } from '../../model/membership.ts';
import type { Observed } from '../../model/observed.ts';

export interface LoneInput {
  readonly membership: Membership;
  readonly selfName: string;
  /** The own HAProxy with its section. */
  readonly observed: Observed;
  /** A reload waits or runs, or it is open whether a snapshot is restored. */
  readonly isBusy: boolean;
}

/**
 * Our HAProxy has still to learn, and there is nobody to learn from: no other member, and no other peer in its section. From 3.0 on it then
 * waits 5 s for its line for lessons, which is a peer for it. Where the members are not known, somebody may be there.
 */
export function isLone({ membership, selfName, observed, isBusy }: LoneInput): boolean {
  if (isBusy || !membership.synced || observed.kind === 'down') return false;
  const { state } = observed;
  if (state?.hasLesson !== true || state.resync !== 'pending') return false;
  return (
    state.peers.every(({ local }) => local) &&
    membership.members.every(({ name }) => name === selfName)
  );
}
