import type { Socket, TcpSocketConnectOpts } from 'node:net';

/** One way to show the other side who we are. */
export interface Way {
  /** For a log. */
  readonly name: string;
  /** Rejects with what the system or TLS says, and where the signal aborts. */
  connect(to: TcpSocketConnectOpts, signal: AbortSignal): Promise<Socket>;
}

/** How sidecars know that they belong together. */
export interface Trust {
  /** Of who has none of it, in the counters. */
  readonly code: 'key' | 'certificate' | 'broken';
  /** What the other side has not shown, for a log. */
  readonly lack: string;
  /** To be tried in turn; none where nothing could be read. */
  ways(): Promise<readonly Way[]>;
  /** Rejects where the other side does not belong here. */
  accept(raw: Socket): Promise<Socket>;
}
