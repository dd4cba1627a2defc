/** One peer as `show peers` reports it. */
export interface PeerState {
  readonly name: string;
  readonly local: boolean;
  /** `ADDR:PORT` as HAProxy prints it. */
  readonly address: string;
  /** The session passed the handshake and is alive: `last_status=ESTA` on an active remote peer. */
  readonly established: boolean;
  /** HAProxy's four letters: NONE CONN HSHK ESTA RETR PROT VERS NAME UNKN. */
  readonly lastStatus: string;
  /** How long ago its current or last session began, in whole seconds; missing if there was none, or not known. */
  readonly sessionSeconds?: number | undefined;
  /** Updates written here that were not yet sent to it; missing if it is not connected, or not known. */
  readonly behind?: number | undefined;
  /** Updates written here that it has not confirmed, or not in a way that HAProxy shows; missing as above. */
  readonly unconfirmed?: number | undefined;
  /** All updates written here that its tables hold: the most that `unconfirmed` can be. */
  readonly updates?: number | undefined;
}

/**
 * State of the first full resync of the running worker (haproxy src/peers.c, section flags): `pending`: not finished,
 * so a reload now would lose the tables; `learned`: taught by a node with a finished resync; `alone`: finished because
 * no peer answered or none is configured; `unknown`: a format we cannot read.
 */
export type ResyncState = 'pending' | 'learned' | 'alone' | 'unknown';

/** One peers section of the running HAProxy worker. */
export interface PeersState {
  readonly section: string;
  readonly resync: ResyncState;
  /**
   * The worker before it, of the same master, has taught it all (true), or has not and will not (false): there was none,
   * or it was not finished itself. Missing: not decided yet, or a format we cannot read.
   */
  readonly handedOver?: boolean | undefined;
  /** HAProxy's localpeer name, if the section has a local peer. */
  readonly localName: string | null;
  readonly peers: readonly PeerState[];
  /** There is a line for lessons, which is none of `peers`. Missing: there is none. */
  readonly hasLesson?: true;
  /** Names of the stick tables that are shared over the section. */
  readonly tables: readonly string[];
  /** How many entries they hold together; missing where it was not asked. */
  readonly entries?: number | undefined;
}
