import type { Member } from './member.ts';

/** Running pods that look like members but are not, because the selector leaves them out. Names, sorted. */
export interface LeftOut {
  /** Replicas of the same Deployment, StatefulSet, ...: what they hold would be lost when they are replaced. */
  readonly replicas: readonly string[];
  /** Pods of another owner with labels of the same application. */
  readonly alike: readonly string[];
  /** No other member runs: a pod that starts now has no sibling to learn from. */
  readonly alone: boolean;
}

/** The members as one source sees them now: a snapshot, never a difference. */
export interface Membership {
  /** False until the source has seen one complete list, and whenever it knows that it can no longer trust it. */
  readonly synced: boolean;
  /** Sorted by name, each name once. */
  readonly members: readonly Member[];
  /** What an operator should know about this snapshot: why it is not synced, which pods were left out and why. */
  readonly notes: readonly string[];
  /** How many more are about to get an address: a node has taken the pod and makes its network. */
  readonly awaited: number;
  /** How many pods of the selector cannot be members; `notes` says which and why. Absent: none, or not known. */
  readonly ignored?: number;
  /** This pod itself is being deleted, even if another pod already has its peer name. Absent: no, or not known. */
  readonly leaving?: boolean;
  /** Pods that the selector leaves out. Absent: none, or not known. */
  readonly leftOut?: LeftOut | undefined;
  /** Milliseconds since the epoch at which the source last heard from its origin. */
  readonly observedAtMs: number;
}

/** The membership before the source has answered for the first time. Unknown is not empty. */
export function unknownMembership(note: string, observedAtMs = 0): Membership {
  return { synced: false, members: [], notes: [note], awaited: 0, observedAtMs };
}

/** Names of the members that are not terminating. */
export function stayingNames({ members }: Membership): ReadonlySet<string> {
  return new Set(members.filter(({ terminating }) => !terminating).map(({ name }) => name));
}
