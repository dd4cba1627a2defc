/** HAProxy numbers servers without an id from 1; ours begin where no configuration has got to. */
const least = 65_536;
const most = 2 ** 31 - 1;
const range = most - least + 1;
/** Two names of one number are next to each other; a row of more than this does not happen. */
const longestProbe = 64;

/** FNV-1a of the UTF-16 units, with the last step of MurmurHash3, because names differ in their last letters. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1)
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The id that a server of this name has, where no other name has the same. From 65536 to 2^31-1. */
export function firstId(name: string): number {
  return least + (hashOf(name) % range);
}

/** Whether this program gave the id to a server of this name: of other servers one in thirty million has such an id. */
export function isOwnId(name: string, id: number): boolean {
  return id >= least && (id - firstId(name) + range) % range < longestProbe;
}

/** `id`, or the next one behind it that nobody has. */
export function freeId(id: number, taken: ReadonlySet<number>): number {
  let free = id;
  while (taken.has(free)) free = free === most ? least : free + 1;
  return free;
}

/**
 * The ids of servers by name. They depend on the names alone, so that entries of a stick table mean the same pod on every
 * replica; of two names with one number, the first in their order has it, and the other one the next that is free.
 */
export function serverIds(names: Iterable<string>): ReadonlyMap<string, number> {
  const taken = new Set<number>();
  const ids = new Map<string, number>();
  for (const name of [...new Set(names)].toSorted()) {
    const id = freeId(firstId(name), taken);
    taken.add(id);
    ids.set(name, id);
  }
  return ids;
}
