import type { HelloTls } from '../../../haproxy/connect-tls.ts';
import type { Log } from '../../../log.ts';
import type { Member } from '../../../model/member.ts';
import type { Membership } from '../../../model/membership.ts';
import type { Status } from '../../../telemetry/status-schema.ts';
import type { View } from '../pairing/view.ts';
import type { LinkTo } from '../sibling-link.ts';

export interface BridgeOptions {
  readonly selfName: string;
  /** `--pod-ip`: to listen at, and where connections come from. */
  readonly host: string;
  /** `--peers-port`, which pods in reload mode have for all. */
  readonly port: number;
  readonly members: () => Membership;
  /** Names of the pods that there is a link to. */
  readonly linked: () => ReadonlySet<string>;
  /** Our own HAProxy; null: it does not answer. */
  readonly own: () => View | null;
  /** This pod is ready, and may hold what is newer than what others hold. */
  readonly ready: () => boolean;
  /** The `/status` of a pod; null: no answer. Never throws. */
  readonly ask: (member: Member, signal: AbortSignal) => Promise<Status | null>;
  readonly onLink: (link: LinkTo) => void;
  /** With `--peers-tls`: what all of them show each other, read for each handshake. Undefined: plain text. */
  readonly tls?: (() => Promise<HelloTls>) | undefined;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}
