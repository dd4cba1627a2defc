import { isIP } from 'node:net';
import { AppError } from '../errors.ts';
import { isHaproxyName, quoted } from '../model/names.ts';
import type { PeerEntry } from '../model/peers-section.ts';

/**
 * Why `entry` cannot be a line of a peers section; undefined when it can. The sources let no such entry through; this
 * is the same question once more where text is written or sent, so that no source, present or future, can put a line
 * of its own into haproxy.cfg. An entry without an address is the local server of a `bind` section.
 */
export function entryProblem({ name, address, port }: PeerEntry): string | undefined {
  if (!isHaproxyName(name)) return `${quoted(name)} cannot be the name of a peer`;
  if (address === '' && port === 0) return undefined;
  if (isIP(address) === 0 || address.includes('%'))
    return `${quoted(address)} of peer ${name} is no IP address`;
  return Number.isInteger(port) && port >= 1 && port <= 65_535
    ? undefined
    : `${port} of peer ${name} is no port`;
}

/** `AppError` PEER_REFUSED for the first entry that is none. */
export function refuseEntries(entries: readonly PeerEntry[]): void {
  for (const entry of entries) {
    const problem = entryProblem(entry);
    if (problem !== undefined) throw new AppError('PEER_REFUSED', `Not written: ${problem}`);
  }
}
