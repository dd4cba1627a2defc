import type { PeersChanges } from '../model/changes.ts';
import type { PeersSection } from '../model/peers-section.ts';

/** What one apply did. */
export interface Applied {
  /** False when nothing was left to do: no write and no reload happened. */
  readonly reloaded: boolean;
  /** The transaction's id, where there is one. */
  readonly transaction?: string;
  /** Configuration version (token) afterwards, where it is known. */
  readonly version?: string;
  /** Nothing was changed: a try failed, and another one was not allowed. Plan again. */
  readonly postponed?: true;
  /** Tries that were needed, at least 1. */
  readonly attempts: number;
}

/**
 * The way to read and change the peers section of one HAProxy.
 * Errors are `RemoteError`s (see errors.ts); none leaves the configuration half changed.
 */
export interface Applier {
  readonly name: string;
  /** One read. */
  read(signal: AbortSignal): Promise<PeersSection>;
  /**
   * Applies `changes` in one step with one checked reload. `base` is what `changes` were planned on; when the
   * configuration has moved on since, reads again and does what `remainingChanges` leaves.
   * Throws `SECTION_UNMODELLED` rather than write when the section read has obstacles. Before each try but the first it
   * asks `mayRetry`, where there is one: what allowed the reload is old by then.
   */
  apply(
    base: PeersSection,
    changes: PeersChanges,
    signal: AbortSignal,
    mayRetry?: () => Promise<boolean>,
  ): Promise<Applied>;
  /**
   * Reloads HAProxy with the configuration as it is, and checks that it did: through whoever else reloads it, so that
   * no two reloads meet. Throws `RELOAD_FAILED`.
   */
  reload(signal: AbortSignal): Promise<void>;
  /**
   * Replaces the worker without handing its tables over, and meets no reload of anybody else either. False where HAProxy
   * does not know the command. Throws `RELOAD_FAILED`.
   */
  hardReload(signal: AbortSignal): Promise<boolean>;
  /** Releases sockets. */
  close(): Promise<void>;
}
