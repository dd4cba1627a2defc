import type { ByteStream } from './legs/byte-stream.ts';
import type { PairLink } from './pairing/run-pair.ts';

/** A link to the sidecar of another replica, as far as the sessions need it. */
export interface LinkTo extends PairLink, ByteStream {
  readonly other: { readonly pod: string; readonly uid: string };
  readonly address: string;
  /** True: this side begins the rounds, whoever has the lower uid. */
  readonly lead?: boolean;
  close(why: string): void;
  /** Why it is closed, never rejects. */
  readonly closed: Promise<string>;
}
