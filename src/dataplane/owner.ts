import type { OwnEntries } from '../config-text/foreign-lines.ts';

/** A module with entries of its own in haproxy.cfg. It gets the text each time and keeps no state. */
export interface Owner {
  readonly name: string;
  /** Its entries in `text`, which a refused change may have changed. */
  readonly own: (text: string) => OwnEntries;
  /** What any write by the Data Plane API would damage in its section, one sentence each. */
  readonly obstacles: (text: string) => readonly string[];
  /** Whether the running worker has this module's entries of `text`; `undefined` if it cannot be asked. */
  readonly loaded: (text: string, signal: AbortSignal) => Promise<boolean | undefined>;
}
