import { dataTypes, numbersOf } from '../../lesson/data-types.ts';
import type { Stored } from '../../lesson/definition.ts';

/**
 * A field in words of 32 bits. `number`: one word. `wide`: two, the lower half first, for what HAProxy counts with 64 bits. `rate`: the
 * tick at which its period began, the count since then, and that of the period before. `none`: not kept, its bytes are passed over.
 */
export type FieldKind = 'number' | 'wide' | 'rate' | 'none';

export interface Field extends Omit<Stored, 'kind'> {
  readonly kind: FieldKind;
  /** How its bytes are written. */
  readonly wire: Stored['kind'];
  /** The number of its data type. */
  readonly type: number;
  /** Its first word. */
  readonly at: number;
}

/** How the values of an entry lie in words. */
export interface Layout {
  readonly fields: readonly Field[];
  /** Of one entry. */
  readonly words: number;
}

export const wordsOf: Readonly<Record<FieldKind, number>> = {
  number: 1,
  wide: 2,
  rate: 3,
  none: 0,
};

/** Where ticks that are two periods apart could not be compared any more, the field is not kept. */
const longestPeriodMs = 2 ** 30;

function kindOf({ name, kind, periodMs }: Stored): FieldKind {
  // The number of a server means nothing on another HAProxy, and a reference into a dictionary nothing outside its session.
  if (kind === 'dictionary' || name === 'server_id') return 'none';
  if (kind === 'rate') return periodMs > 0 && periodMs <= longestPeriodMs ? 'rate' : 'none';
  // STD_T_ULL (haproxy src/stick_table.c, stktable_data_types); all others have 32 bits.
  return /^bytes_(in|out)_cnt$/.test(name) ? 'wide' : 'number';
}

/** Of what a table stores, in its order. */
export function layoutOf(stored: readonly Stored[]): Layout {
  let words = 0;
  const fields = stored.map((one): Field => {
    const kind = kindOf(one);
    const type = dataTypes.findIndex(({ name }) => name === one.name);
    const field = { ...one, kind, wire: one.kind, type, at: words };
    words += wordsOf[kind] * one.count;
    return field;
  });
  return { fields, words };
}

/** Longest array: HAProxy allows 100 elements (STKTABLE_MAX_DT_ARRAY_SIZE). */
export const longestArray = 100;

/** Numbers on the wire of one element. */
export function numbersIn({ wire }: Field): number {
  return numbersOf[wire];
}
