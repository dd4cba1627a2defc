import type { PeerEntry, PeersSection } from './peers-section.ts';

/** What to do to a peers section. Every part is idempotent: doing it twice is doing it once. */
export interface PeersChanges {
  /** Create the section, with `add` as its entries. */
  readonly create: boolean;
  readonly add: readonly PeerEntry[];
  /** Known names with another address or port. */
  readonly update: readonly PeerEntry[];
  readonly remove: readonly PeerEntry[];
}

export const noChanges: PeersChanges = { create: false, add: [], update: [], remove: [] };

export function hasChanges(changes: PeersChanges): boolean {
  return (
    changes.create ||
    changes.add.length > 0 ||
    changes.update.length > 0 ||
    changes.remove.length > 0
  );
}

/** Whether the changes add a peer: a new pod waits for that, while a peer that is gone or has moved can wait. */
export function someoneJoins({ create, add }: PeersChanges): boolean {
  return create || add.length > 0;
}

/** The part of `changes` that `section` still lacks, so that a retry never repeats a step. */
export function remainingChanges(section: PeersSection, changes: PeersChanges): PeersChanges {
  const actual = new Map(section.entries.map((entry) => [entry.name, entry]));
  const add: PeerEntry[] = [];
  const update: PeerEntry[] = [];
  for (const entry of [...changes.add, ...changes.update]) {
    const known = actual.get(entry.name);
    if (known === undefined) add.push(entry);
    else if (known.address !== entry.address || known.port !== entry.port) update.push(entry);
  }
  const remove = changes.remove.filter((entry) => actual.has(entry.name));
  return { create: changes.create && !section.exists, add, update, remove };
}

/** The entries that `section` has once `changes` are applied, in order: kept, updated in place, added. */
export function changedEntries(section: PeersSection, changes: PeersChanges): readonly PeerEntry[] {
  const removed = new Set(changes.remove.map((entry) => entry.name));
  const updated = new Map(changes.update.map((entry) => [entry.name, entry]));
  const kept = section.entries
    .filter((entry) => !removed.has(entry.name))
    .map((entry) => updated.get(entry.name) ?? entry);
  return [...kept, ...changes.add];
}

/** The names of all entries that `changes` touch. */
export function changedNames({ add, update, remove }: PeersChanges): ReadonlySet<string> {
  return new Set([...add, ...update, ...remove].map(({ name }) => name));
}
