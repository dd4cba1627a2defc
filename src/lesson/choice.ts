import type { Definition } from './definition.ts';
import type { Choose } from './passage.ts';
import { createTaught, type Taught } from './taught.ts';

/** By the number of the table, the last update that HAProxy had written itself. */
export type Written = ReadonlyMap<number, number>;

/**
 * What is taken of what HAProxy sends. In the lesson entries come with their expiry: those without were sent before HAProxy had read
 * the request, and come again. Behind it come all that it has written itself once more, without an expiry: of these what was written
 * during the lesson is new, and was written at that moment.
 */
export function createChoice(before: Written) {
  const written = new Map(before);
  const taught = new Map<string, Taught>();
  const ofTable = ({ name }: Definition) => {
    const known = taught.get(name) ?? createTaught();
    taught.set(name, known);
    return known;
  };
  const lesson: Choose = ({ expiryAt, table, id }, bytes) => {
    if (expiryAt === -1) return null;
    ofTable(table).add(id);
    return bytes.readUInt32BE(expiryAt);
  };
  const rest: Choose = ({ table, id }) => {
    written.set(table.id, id);
    return ofTable(table).has(id) ? null : table.expireMs;
  };
  return { choose: { lesson, rest }, written };
}
