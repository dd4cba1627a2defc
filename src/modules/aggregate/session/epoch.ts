import { randomBytes } from 'node:crypto';
import type { HeardTable } from '../../../aggregate/codec/hear.ts';
import { writeDefinition, writeEntry } from '../../../aggregate/codec/write.ts';
import { Writer } from '../../../aggregate/codec/writer.ts';

/** What HAProxy is called: it is in its own memory, so that it goes with the counters and stays with them in a reload. */
export interface Epoch {
  readonly origin: string;
  /** The last session that there was. */
  readonly generation: number;
}

/** A name that no other HAProxy has. */
export function newEpoch(): Epoch {
  return { origin: randomBytes(12).toString('hex'), generation: 0 };
}

/** The one that counts where several are there, which is the same for all who look. */
export function chooseEpoch(found: readonly Epoch[]): Epoch | undefined {
  return found.toSorted(
    (one, other) => other.generation - one.generation || (one.origin < other.origin ? -1 : 1),
  )[0];
}

/** The tag that holds the number of the session; undefined: the table has none. */
export function tagOf({ layout }: HeardTable): number | undefined {
  return layout.fields.find(({ name }) => name === 'gpt0')?.at;
}

/** Writes it into HAProxy's table. */
export function epochMessages(table: HeardTable, { origin, generation }: Epoch): Buffer {
  const writer = new Writer(256);
  const { definition, layout } = table;
  const words = new Uint32Array(layout.words);
  words[tagOf(table) ?? 0] = generation;
  writeDefinition(writer, 1, definition, layout.fields);
  const key = Buffer.from(origin, 'latin1');
  writeEntry(writer, {
    ...{ keyType: definition.keyType, key, keyAt: 0, keyEnd: key.length },
    ...{ id: 1, leftMs: null, layout, words, from: 0, now: 0 },
  });
  return writer.take();
}
