import { numbersOf } from '../../lesson/data-types.ts';
import type { Stored } from '../../lesson/definition.ts';
import type { Entry } from '../../lesson/entry.ts';
import { readNumber } from '../../lesson/number.ts';
import { keyText } from './read-key.ts';

/** A frequency counter as it was recorded. */
export interface Rate {
  readonly periodMs: number;
  /** How long the period under way had lasted, in milliseconds. */
  readonly ageMs: number;
  /** Events of that period, and of the one before. */
  readonly current: number;
  readonly previous: number;
}

export type Value = number | string | Rate;

export interface EntryContent {
  readonly table: string;
  readonly key: string;
  /** By the name that `show table` has for it: elements of an array as `gpc0` and `gpc0_rate`. */
  readonly values: Readonly<Record<string, Value>>;
  /** There is more behind it, which this version does not know. */
  readonly hasUnknown: boolean;
}

/** Numbers one behind the other. Beyond the end of the message they are 0, as HAProxy of another version may store less. */
function numbers(bytes: Buffer, from: number, end: number) {
  let at = from;
  return {
    next(): number {
      const read = readNumber(bytes, at, end);
      at = read === null ? end : read.next;
      return read?.value ?? 0;
    },
    skip(length: number): void {
      at = Math.min(end, at + length);
    },
  };
}

function numberOf(from: ReturnType<typeof numbers>, { kind, periodMs }: Stored): number | Rate {
  const [first = 0, current = 0, previous = 0] = Array.from({ length: numbersOf[kind] }, () =>
    from.next(),
  );
  return kind === 'rate' ? { periodMs, ageMs: first, current, previous } : first;
}

/** `gpc1_rate` for the second of `gpc_rate`. */
function nameOf({ name, isArray }: Stored, index: number): string {
  return isArray ? name.replace(/^[a-z]+/, (head) => `${head}${index}`) : name;
}

/** Key and values of an entry. `serverKey`: the text that its reference means. */
export function readContent(
  bytes: Buffer,
  entry: Entry,
  serverKey: Buffer | undefined,
): EntryContent {
  const { table, keyEnd, end } = entry;
  const from = numbers(bytes, keyEnd, end);
  const values: Record<string, Value> = {};
  for (const stored of table.stored) {
    if (stored.kind === 'dictionary') {
      // Its number is how long the reference is that follows it.
      from.skip(from.next());
      if (serverKey !== undefined) values[stored.name] = serverKey.toString('utf8');
      continue;
    }
    for (let index = 0; index < stored.count; index++)
      values[nameOf(stored, index)] = numberOf(from, stored);
  }
  return {
    ...{ table: table.name, key: keyText(bytes, entry), values },
    hasUnknown: table.hasUnknown,
  };
}
