import type { RemoteError } from '../errors.ts';
import type { Configuration, Edit } from './edit.ts';

/** What one commit did. */
export interface Applied {
  /** False if there was nothing left to do, so no write and no reload happened. */
  readonly reloaded: boolean;
  /** The transaction's id, where there is one. */
  readonly transaction?: string;
  /** Configuration version (token) afterwards, where it is known. */
  readonly version?: string;
  /** Nothing was changed: an attempt failed, and another was not allowed. Plan again. */
  readonly postponed?: true;
  /** Edits that HAProxy or the Data Plane API refuses, found by checking each alone. The others were made. */
  readonly held?: readonly Held[];
  /** Attempts that were needed, at least 1. */
  readonly attempts: number;
}

export interface Held {
  readonly owner: string;
  readonly error: RemoteError;
  /** It was tried only along with others: the fault may be theirs. */
  readonly shared?: boolean;
}

/**
 * The way to read and change the configuration of one HAProxy.
 * Errors are `RemoteError`s (see errors.ts); none leaves the configuration half changed.
 */
export interface Applier {
  readonly name: string;
  /** The configuration as it is now, by one call of the Data Plane API or one read of the file. */
  read(signal: AbortSignal): Promise<Configuration>;
  /**
   * Makes the `edits` of all modules in one step with one checked reload. `base` is the configuration they were
   * planned on. If that has changed since, reads again and does what remains. If one of several edits is refused, the
   * others are made without it. Before each retry it calls `mayRetry`, if given, because the decision that allowed the
   * reload is old by then.
   */
  commit(
    base: Configuration,
    edits: readonly Edit[],
    signal: AbortSignal,
    mayRetry?: () => Promise<boolean>,
  ): Promise<Applied>;
  /**
   * Writes what the worker already has, without a reload: the next reload loads it, whoever makes it. A failed reload
   * may revert the write (dataplaneapi reload_agent.go), so compare again after every change of the worker.
   */
  persist(
    base: Configuration,
    edits: readonly Edit[],
    signal: AbortSignal,
  ): Promise<Pick<Applied, 'version' | 'held'>>;
  /**
   * Reloads HAProxy with the configuration as it is, and checks that this worked. With the Data Plane API the reload
   * goes through the API, so that two reloads never meet. Calls `mayRetry` as a commit does, and does not reload if it
   * returns false. Throws `RELOAD_FAILED`.
   */
  reload(
    signal: AbortSignal,
    mayRetry?: () => Promise<boolean>,
  ): Promise<Pick<Applied, 'reloaded' | 'postponed' | 'attempts'>>;
  /**
   * Replaces the worker without handing over its tables, and does not meet another reload either. False if HAProxy
   * does not know the command. Throws `RELOAD_FAILED`.
   */
  hardReload(signal: AbortSignal): Promise<boolean>;
  /** Closes connections that are kept open between calls. */
  close(): Promise<void>;
}
