import type { OwnEntries } from '../config-text/foreign-lines.ts';
import type { Caller } from '../dataplane/caller.ts';
import type { ApiVersion } from '../dataplane/detect.ts';

export type { Owner } from '../dataplane/owner.ts';

/** haproxy.cfg as it is, of which every module reads its own part. Equal versions mean equal text. */
export interface Configuration {
  readonly text: string;
  /** Shows the applier whether the configuration was changed in between. No other code reads it. */
  readonly version: string;
  /**
   * What a write by this applier would lose or break, one sentence each. If not empty, nothing is written and the
   * reasons are reported.
   */
  readonly obstacles: readonly string[];
  /** A commit of ours was cut off between the write and the reload: the worker has not loaded what the file says. */
  readonly reloadDue?: true;
}

/**
 * What a module wants in its part of haproxy.cfg. It states the target and not the steps, so it can be applied twice.
 */
export interface Edit {
  readonly owner: string;
  /**
   * What is left to do in a configuration that may have changed; null: nothing. Throws a `RemoteError` if it must not
   * be done.
   */
  readonly remaining: (configuration: Configuration) => Step | null;
}

/** An edit of a configuration that was read. */
export interface Step {
  /** Fields of the log line about the edit. */
  readonly what: Readonly<Record<string, unknown>>;
  /** Entries whose lines may differ afterwards. */
  readonly own: OwnEntries;
  /** The configuration with the edit. Every other line is unchanged. */
  readonly inText: (text: string) => string;
  /** Lines other than those of `own` may differ, too: over the Data Plane API the text is written as a whole. */
  readonly whole?: true;
  /**
   * How to do it over the Data Plane API, the way with the fewest calls first. The next way is for when that would
   * damage a line. Empty if the edit is `whole`.
   */
  readonly ways: (api: ApiVersion) => readonly Way[];
  /** Whether the running worker does not have the edit, checked for as long as a reload may take to show. */
  readonly lacks: (signal: AbortSignal) => Promise<boolean>;
}

export interface Way {
  readonly name: string;
  readonly make: (caller: Caller, transaction: string, signal: AbortSignal) => Promise<void>;
}
