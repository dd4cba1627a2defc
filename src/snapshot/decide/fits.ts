import type { SnapshotTable } from '../file/about.ts';

export interface LeftOutTable {
  readonly table: string;
  readonly why: string;
}

/**
 * Tables of a snapshot whose entries HAProxy does not take now: it compares name, type and length of the key, and passes over
 * everything else of such a table (`peer_treat_definemsg`, src/peers.c). What is stored beside the key may have changed: it
 * takes what both know.
 */
export function tablesLeftOut(
  recorded: readonly SnapshotTable[],
  now: readonly SnapshotTable[],
): readonly LeftOutTable[] {
  const there = new Map(now.map(({ name, keys }) => [name, keys]));
  return recorded.flatMap(({ name, keys }) => {
    const current = there.get(name);
    if (current === undefined) return [{ table: name, why: 'there is no such table any more' }];
    if (current === keys) return [];
    return [{ table: name, why: `its keys were "${keys}" and are "${current}"` }];
  });
}
