import type { OwnEntries } from '../config-text/foreign-lines.ts';

/** Whose entries haproxy.cfg holds beside those of its author: one for each module. Text in, so that nothing is kept. */
export interface Owner {
  readonly name: string;
  /** Its entries in `text`, which a refused change may have changed. */
  readonly own: (text: string) => OwnEntries;
  /** What any write of the Data Plane API would damage of its section, one sentence each. */
  readonly obstacles: (text: string) => readonly string[];
  /** Whether the running worker has what `text` says of it; `undefined` when it cannot be asked. */
  readonly loaded: (text: string, signal: AbortSignal) => Promise<boolean | undefined>;
}
