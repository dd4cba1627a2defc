/** One sibling (or ourselves): a pod that runs, or is about to run, a HAProxy replica. */
export interface Member {
  /** The peer's name, which is the pod's name. HAProxy accepts peers by name only. */
  readonly name: string;
  /** IP address without brackets, of the same family as our own. */
  readonly address: string;
  /** Being deleted. It stays a member until it is gone, because it may still have to teach. */
  readonly terminating: boolean;
  /** The pod's `metadata.uid`, which no other pod ever has. Missing: the source does not tell (DNS, members file). */
  readonly uid?: string | undefined;
  /**
   * True: it is ready, so it holds what replicas hold. False: none of its containers has started, so it holds nothing.
   * Missing: neither is known.
   */
  readonly serving?: boolean | undefined;
}

/** Ourselves, from the downward API. `name` is our entry in the peers section and HAProxy's localpeer. */
export interface Self {
  readonly name: string;
  readonly address: string;
  /** Our pod's, which may not be the peer's: another pod may follow us under that. Missing: it is the same. */
  readonly podName?: string;
}
