import type { Definition } from '../../../lesson/definition.ts';
import type { Entry } from '../../../lesson/entry.ts';
import { hash } from '../../../lesson/fingerprint.ts';

/** What stands for a table: where the two hashes of its keys begin. */
const seeds = new WeakMap<Definition, readonly [number, number]>();

function seedsOf(table: Definition): readonly [number, number] {
  const known = seeds.get(table);
  if (known !== undefined) return known;
  const name = Buffer.from(table.name, 'latin1');
  const made = [
    hash(name, 0, name.length, 0x9e3779b9),
    hash(name, 0, name.length, 0x2545f491),
  ] as const;
  seeds.set(table, made);
  return made;
}

/** 64 bits of table and key, as two numbers. */
export function keyOf(bytes: Buffer, { table, keyAt, keyEnd }: Entry): readonly [number, number] {
  const [high, low] = seedsOf(table);
  return [hash(bytes, keyAt, keyEnd, high), hash(bytes, keyAt, keyEnd, low)];
}
