/** The peer line on which this program, and no replica, talks to the own HAProxy. No pod of a workload has that name. */
export const lessonLine = 'lesson';

interface Endpoint {
  /** IP address without brackets; empty: all. */
  readonly address: string;
  readonly port: number;
}

const everywhere: ReadonlySet<string> = new Set(['', '*', '0.0.0.0', '::']);

function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/** Whether HAProxy listens on all addresses there. */
export function isEverywhere(address: string): boolean {
  return everywhere.has(address);
}

/**
 * Whether a peer line points at the HAProxy it belongs to, which listens on `listens`. Such a line costs nothing: HAProxy
 * connects to itself once, answers that this is not its name (503), and never tries again (haproxy src/peers.c,
 * peer_session_forceshutdown; seen with 2.6, 3.0, 3.4).
 */
export function pointsAtSelf({ address, port }: Endpoint, listens: readonly Endpoint[]): boolean {
  return listens.some(
    (own) =>
      own.port === port &&
      port !== 0 &&
      (own.address === address || (isEverywhere(own.address) && isLoopback(address))),
  );
}
