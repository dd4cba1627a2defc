/** A replica of the set, as far as this one knows. */
export interface Candidate {
  readonly name: string;
  /** It holds all that replicas hold. Undefined: not known. */
  readonly ready: boolean | undefined;
  readonly terminating: boolean;
}

/**
 * Whether this replica is the one that takes snapshots: the first by name that is known to be ready and stays. One of which
 * nothing is known does not count, because a snapshot too many costs little, and none costs everything.
 */
export function takesSnapshots(self: string, others: readonly Candidate[]): boolean {
  return !others.some(
    ({ name, ready, terminating }) => ready === true && !terminating && name < self,
  );
}
