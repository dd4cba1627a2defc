import type { Configuration, Edit, Owner } from '../apply/edit.ts';
import type { RemoteError } from '../errors.ts';
import type { Observed } from '../model/observed.ts';
import type { Request } from '../model/request.ts';

/**
 * A request with its edits. Without edits, HAProxy is only to read its files again. `persist`: the worker already has
 * the change, so only haproxy.cfg is written, without the gate.
 */
export interface ModuleRequest extends Omit<Request, 'via'> {
  readonly via: Request['via'] | 'persist';
  readonly edits: readonly Edit[];
}

/**
 * A part of the program, beside the members, that owns a part of haproxy.cfg or needs reloads. There are three lanes:
 * changes that the worker can make at run time are made at once; changes that it already has are written without a
 * reload; all others wait for the gate and go into one transaction with those of other modules. A single pass at a
 * time uses all three.
 */
export interface Module {
  readonly name: string;
  /**
   * The request for the configuration as it is now; null: none. Edits that are already written only request the
   * reload. Each request leads to a reload, so do not repeat one that did not help.
   */
  request(configuration: Configuration): ModuleRequest | null;
  /** Its entries in haproxy.cfg. Missing: it has none. */
  readonly owner?: Owner;
  /**
   * Called in each pass before the requests: reads whatever the module follows, and gives the worker what it takes
   * without a reload. `full`: compare everything, not only what is known to differ. Never throws.
   */
  runtime?(full: boolean, signal: AbortSignal): Promise<void>;
  /** Called before each reload by this program: puts files in place that the new worker reads. */
  prepare?(): Promise<void>;
  /** Called after each reload by this program, whatever it was for. */
  reloaded?(): void;
  /** haproxy.cfg may have been written by somebody else since it was read last, so it is read again in this pass. */
  outdated?(): boolean;
  /** Follows its source until `signal` aborts, and requests a pass when the source changes. Never throws. */
  watch?(poke: () => void, signal: AbortSignal): Promise<void>;
  /** Why this replica must not become ready yet with the HAProxy that was observed; null: nothing. Asked in each pass. */
  waits?(observed: Observed): string | null;
  /** A change that it was asked for and does not make, with the reason, for `/status`; null: none. */
  trouble?(): string | null;
  /**
   * Its edit was refused, and left out, so that what others want is done: it asks again when it has another one. `shared`: it was
   * tried only along with theirs, and the fault may be one of those.
   */
  held?(error: RemoteError, shared: boolean): void;
}
