/**
 * `peer`: `peer NAME ADDR:PORT` lines. `server`: one `bind` line and `server NAME [ADDR:PORT]` lines, the
 * style that TLS needs. HAProxy refuses a section that mixes `bind` and `peer` (configuration manual §3.5).
 */
export type SectionStyle = 'peer' | 'server';

/** One line of the peers section that names a peer. */
export interface PeerEntry {
  /** The name as HAProxy sees it, with quotes removed and environment variables expanded. */
  readonly name: string;
  /** IP address without brackets; empty for the local `server` line of a `bind` + `server` section. */
  readonly address: string;
  /** 1 to 65535; 0 where the address is empty. */
  readonly port: number;
  /** The name as written in the file, where that differs, e.g. `"$HOSTNAME"`. */
  readonly writtenName?: string;
  /**
   * The name is written with a variable, so by hand: such a line is never removed. `unset`: its value is not known here,
   * and `name` is the name as written.
   */
  readonly variable?: 'set' | 'unset';
}

/** A peers section as it is now. */
export interface PeersSection {
  readonly name: string;
  /** False when the configuration has no section of that name; `entries` is then empty. */
  readonly exists: boolean;
  readonly style: SectionStyle;
  readonly entries: readonly PeerEntry[];
  /** The line on which lessons are given and taken, which points at this HAProxy itself: nobody's entry. */
  readonly lesson?: PeerEntry;
  /** Mutual TLS: no connection in either direction without a certificate of the CA. Missing: no. */
  readonly encrypted?: boolean;
  /** Opaque token of the configuration this was read from: equal tokens, equal configuration. */
  readonly version: string;
  /**
   * What a write by this applier would lose or break, one sentence each. Not empty means: hold, and say so.
   */
  readonly obstacles: readonly string[];
}
