import type { Configuration, Edit, Owner } from '../apply/edit.ts';
import type { RemoteError } from '../errors.ts';
import type { Request } from '../model/request.ts';

/**
 * A request with what it is to change: nothing, where HAProxy is only to read again what it has. `persist`: the worker has
 * it already, so that haproxy.cfg alone is written, without the gate.
 */
export interface ModuleRequest extends Omit<Request, 'via'> {
  readonly via: Request['via'] | 'persist';
  readonly edits: readonly Edit[];
}

/**
 * Something beside the members that has a part of haproxy.cfg, or needs HAProxy reloaded. There are three lanes: what the
 * worker takes over at run time is done at once, what it has already is written without a reload, and everything else waits
 * for the gate, and goes in one transaction with what others want. One pass at a time uses all three.
 */
export interface Module {
  readonly name: string;
  /**
   * What it wants of the configuration as it is now; null: nothing. Edits that are written already ask for the reload alone,
   * which is made each time: what did not help is not to be asked for again.
   */
  request(configuration: Configuration): ModuleRequest | null;
  /** Its entries in haproxy.cfg; missing: it has none. */
  readonly owner?: Owner;
  /**
   * In each pass, before the requests: looks at whatever it follows, and tells the worker what that takes over without a
   * reload. `full`: everything is to be compared, not only what is known to differ. Never throws.
   */
  runtime?(full: boolean, signal: AbortSignal): Promise<void>;
  /** Before any reload of ours: puts in place what the new worker is to read. */
  prepare?(): Promise<void>;
  /** HAProxy was reloaded, for whatever reason of ours. */
  reloaded?(): void;
  /** Follows what it looks at until `signal` aborts, and asks for a pass when that is another one. Never throws. */
  watch?(poke: () => void, signal: AbortSignal): Promise<void>;
  /** What it was asked for and does not do, with the reason, for `/status`; null: nothing. */
  trouble?(): string | null;
  /** Its edit was refused, and left out; what others wanted was done. It asks again when it has another one. */
  held?(error: RemoteError): void;
}
