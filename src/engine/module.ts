import type { Configuration, Edit } from '../apply/edit.ts';
import type { RemoteError } from '../errors.ts';
import type { Request } from '../model/request.ts';

/** A request with what it is to change: nothing, where HAProxy is only to read again what it has. */
export interface ModuleRequest extends Request {
  readonly edits: readonly Edit[];
}

/**
 * Something beside the members that has a part of haproxy.cfg, or needs HAProxy reloaded. It asks, the gate decides, and
 * one transaction carries what all have asked for.
 */
export interface Module {
  readonly name: string;
  /** What it wants of the configuration as it is now; null: nothing. */
  request(configuration: Configuration): ModuleRequest | null;
  /** Before each full pass: looks at whatever it follows. Never throws. */
  look?(signal: AbortSignal): Promise<void>;
  /** Before any reload of ours: puts in place what the new worker is to read. */
  prepare?(): Promise<void>;
  /** HAProxy was reloaded, for whatever reason of ours. */
  reloaded?(): void;
  /** Its edit was refused, and left out; what others wanted was done. It asks again when it has another one. */
  held?(error: RemoteError): void;
}
