import type { SnapshotHeader } from '../file/about.ts';

/** Whose tables a snapshot would be restored into. */
export interface Ours {
  readonly set: string;
  readonly section: string;
}

/** Why a whole file is still not one for these tables; null: it is. */
export function notOurs({ set, section }: SnapshotHeader, ours: Ours): string | null {
  if (set !== ours.set) return `it is of the set "${set}", and this replica is of "${ours.set}"`;
  if (section !== ours.section)
    return `it is of the peers section "${section}", and this one is "${ours.section}"`;
  return null;
}

/** What a replica could restore: it is the newest of its directory that verifies. */
export interface Offer {
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number;
}

/** Another member, as far as it is known. */
export interface Other {
  readonly name: string;
  /** It has what there is: it was ready, or has learned from one that was, or has restored. Undefined: not known. */
  readonly holds: boolean | undefined;
  /** Null: it has nothing to restore. */
  readonly offer: Offer | 'looking' | null;
}

export interface RestoreInput {
  readonly self: string;
  /** The members are known, and this pod is one. */
  readonly synced: boolean;
  /** No worker before the running one has handed over tables. Undefined: not decided yet. */
  readonly firstWorker: boolean | undefined;
  /** This replica was ready with this worker, or a snapshot was played to it, or it has learned from a peer. */
  readonly hasTables: boolean;
  readonly others: readonly Other[];
  readonly offer: Offer | 'looking' | null;
  /** Others were waited for as long as may be: what is still not known of them does not count any more. */
  readonly isLate: boolean;
}

export type Restore =
  | { readonly kind: 'restore' }
  /** Nothing is restored. `from`: who holds the entries; null: nobody does. */
  | { readonly kind: 'no'; readonly why: string; readonly from: 'self' | 'other' | null }
  | { readonly kind: 'wait'; readonly why: string };

/** Whether `left` is the one that should be restored, of two replicas that each could: the newer, then the first by name. */
function goesFirst(
  left: { readonly name: string; readonly offer: Offer },
  right: { readonly name: string; readonly offer: Offer },
): boolean {
  const newer = left.offer.takenAtMs - right.offer.takenAtMs;
  return newer === 0 ? left.name < right.name : newer > 0;
}

/**
 * Whether this replica restores its snapshot. Only into the first worker of a HAProxy, and only where nobody holds anything:
 * what lives always wins. One replica of the set restores, and the others learn from it.
 */
export function restoreDecision(input: RestoreInput): Restore {
  const { synced, firstWorker, hasTables, others, isLate } = input;
  if (hasTables) return { kind: 'no', from: 'self', why: 'HAProxy has its tables' };
  if (firstWorker === false)
    return {
      ...{ kind: 'no', from: 'self' },
      why: 'HAProxy has taken over the tables of the worker before',
    };
  const holding = others.find(({ holds }) => holds === true);
  if (holding !== undefined)
    return { kind: 'no', from: 'other', why: `${holding.name} holds entries` };
  if (!synced) return { kind: 'wait', why: 'the members are not known yet' };
  if (firstWorker === undefined)
    return { kind: 'wait', why: 'not known whether HAProxy takes over tables of its own' };
  if (input.offer === 'looking') return { kind: 'wait', why: 'the snapshots are being verified' };
  const waits = isLate ? null : waitsFor(input, input.offer);
  if (waits !== null) return { kind: 'wait', why: waits };
  if (input.offer !== null) return { kind: 'restore' };
  return { kind: 'no', from: null, why: 'there is no snapshot' };
}

/** What has to be known of others first; null: nothing. */
function waitsFor({ self, others }: RestoreInput, offer: Offer | null): string | null {
  const unknown = others.filter(({ holds }) => holds === undefined).map(({ name }) => name);
  if (unknown.length > 0) return `not known what they hold: ${unknown.join(', ')}`;
  const looking = others.filter((other) => other.offer === 'looking').map(({ name }) => name);
  if (looking.length > 0) return `they verify their snapshots: ${looking.join(', ')}`;
  const own = offer === null ? null : { name: self, offer };
  const better = others.find(
    ({ name, offer: theirs }) =>
      theirs !== null &&
      theirs !== 'looking' &&
      (own === null || goesFirst({ name, offer: theirs }, own)),
  );
  return better === undefined ? null : `${better.name} has a newer snapshot, and restores it`;
}
