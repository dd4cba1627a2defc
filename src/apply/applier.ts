import type { RemoteError } from '../errors.ts';
import type { Configuration, Edit } from './edit.ts';

/** What one commit did. */
export interface Applied {
  /** False when nothing was left to do: no write and no reload happened. */
  readonly reloaded: boolean;
  /** The transaction's id, where there is one. */
  readonly transaction?: string;
  /** Configuration version (token) afterwards, where it is known. */
  readonly version?: string;
  /** Nothing was changed: a try failed, and another one was not allowed. Plan again. */
  readonly postponed?: true;
  /** Edits that HAProxy or the Data Plane API refuses, found out one by one; the others were made. */
  readonly held?: readonly Held[];
  /** Tries that were needed, at least 1. */
  readonly attempts: number;
}

export interface Held {
  readonly owner: string;
  readonly error: RemoteError;
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
   * Makes everybody's `edits` in one step with one checked reload. `base` is what they were planned on; when the
   * configuration has moved on since, reads again and does what remains. Where one of several is refused, the others
   * are made without it. Before each try but the first it asks `mayRetry`, where there is one: what allowed the reload
   * is old by then.
   */
  commit(
    base: Configuration,
    edits: readonly Edit[],
    signal: AbortSignal,
    mayRetry?: () => Promise<boolean>,
  ): Promise<Applied>;
  /**
   * Writes what the worker has already, and reloads nothing: whoever reloads HAProxy next loads it. A reload that fails may
   * take it back (dataplaneapi reload_agent.go), so whoever wants it compares again after any change of the worker.
   */
  persist(
    base: Configuration,
    edits: readonly Edit[],
    signal: AbortSignal,
  ): Promise<Pick<Applied, 'version' | 'held'>>;
  /**
   * Reloads HAProxy with the configuration as it is, and checks that it did: through whoever else reloads it, so that
   * no two reloads meet. Asks `mayRetry` as a commit does; not reloaded where it says no. Throws `RELOAD_FAILED`.
   */
  reload(
    signal: AbortSignal,
    mayRetry?: () => Promise<boolean>,
  ): Promise<Pick<Applied, 'reloaded' | 'postponed' | 'attempts'>>;
  /**
   * Replaces the worker without handing its tables over, and meets no reload of anybody else either. False where HAProxy
   * does not know the command. Throws `RELOAD_FAILED`.
   */
  hardReload(signal: AbortSignal): Promise<boolean>;
  /** Closes connections that are kept open between calls. */
  close(): Promise<void>;
}
