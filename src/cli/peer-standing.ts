import type { Status } from '../telemetry/status-schema.ts';
import type { Found } from './found.ts';

type Peer = Status['peers'][number];

/**
 * How a peer of the section stands. `leaving`: its pod is gone or being deleted; the line of a pod that is gone does no harm, and goes
 * along with the next addition, after --removal-delay at the latest. `expected`: declared by --expect-replicas, and there is no pod yet.
 */
export type Standing = 'connected' | 'away' | 'leaving' | 'expected';

/** Where --expect-replicas puts peers that are not there yet, as HAProxy prints it. */
const nowhere = /^(127\.0\.0\.1|\[?::1\]?):1$/;

/** Names of the pods that go. */
export function leavingOf(found: readonly Found[]): ReadonlySet<string> {
  return new Set(found.filter(({ pod }) => pod !== undefined).map(({ name }) => name));
}

export function standingOf(
  { name, address, established }: Peer,
  { pending }: Status,
  leaving: ReadonlySet<string>,
): Standing {
  if (established) return 'connected';
  if (leaving.has(name) || pending?.remove.includes(name) === true) return 'leaving';
  return nowhere.test(address) ? 'expected' : 'away';
}

/** `2/3 (+1 leaving)`: connected, of those that should be, and those that need not be. */
export function peersText(status: Status, leaving: ReadonlySet<string>): string {
  const standings = status.peers
    .filter(({ local }) => !local)
    .map((peer) => standingOf(peer, status, leaving));
  const count = (wanted: Standing) => standings.filter((each) => each === wanted).length;
  const others = (['leaving', 'expected'] as const)
    .filter((each) => count(each) > 0)
    .map((each) => `+${count(each)} ${each}`);
  const connected = count('connected');
  const text = `${connected}/${connected + count('away')}`;
  return others.length === 0 ? text : `${text} (${others.join(', ')})`;
}

/** The last try has failed, and no later one has changed anything. */
export function hasFailed({ lastFailure, lastChange }: Status): boolean {
  return lastFailure !== null && lastFailure.atMs >= (lastChange?.atMs ?? 0);
}

/** All that is to be changed are lines of pods that are gone, and it waits as it should. */
export function removesLater(status: Status): boolean {
  const { pending } = status;
  if (pending === null || pending.decision !== 'wait' || hasFailed(status)) return false;
  return pending.remove.length > 0 && pending.add.length + pending.update.length === 0;
}
