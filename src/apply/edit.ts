import type { OwnEntries } from '../config-text/foreign-lines.ts';
import type { Caller } from '../dataplane/caller.ts';
import type { ApiVersion } from '../dataplane/detect.ts';

export type { Owner } from '../dataplane/owner.ts';

/** haproxy.cfg as it is: every module reads its own part. Equal versions, equal text. */
export interface Configuration {
  readonly text: string;
  /** What the applier compares to see that the configuration was changed in between; no other code reads it. */
  readonly version: string;
  /** What a write by this applier would lose or break, one sentence each. Not empty means: hold, and say so. */
  readonly obstacles: readonly string[];
  /** A commit of ours was cut off between the write and the reload: the worker has not loaded what the file says. */
  readonly reloadDue?: true;
}

/** What a module wants to be otherwise in its part of haproxy.cfg: what is to be, not what to do, so that it may be made twice. */
export interface Edit {
  readonly owner: string;
  /**
   * What is left to do in a configuration that may have moved on; null: nothing. Throws a `RemoteError` where it must not
   * be done.
   */
  readonly remaining: (configuration: Configuration) => Step | null;
}

/** An edit of a configuration that was read. */
export interface Step {
  /** Fields of the log line that tells of the edit. */
  readonly what: Readonly<Record<string, unknown>>;
  /** Entries whose lines may be other ones afterwards. */
  readonly own: OwnEntries;
  /** The configuration with it; every other line is as it was. */
  readonly inText: (text: string) => string;
  /** Other lines than those of `own` may be other ones afterwards: over the Data Plane API the text goes in as a whole. */
  readonly whole?: true;
  /** How to do it over the Data Plane API, the way with the fewest calls first; the next is for when that would damage a line. None where it is `whole`. */
  readonly ways: (api: ApiVersion) => readonly Way[];
  /** Whether the running worker goes on without it, for as long as a reload may take to show. */
  readonly lacks: (signal: AbortSignal) => Promise<boolean>;
}

export interface Way {
  readonly name: string;
  readonly make: (caller: Caller, transaction: string, signal: AbortSignal) => Promise<void>;
}
