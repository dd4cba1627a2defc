import type { Field, Layout } from '../codec/layout.ts';

/** How a type of data is brought together. */
export type Way = 'sum' | 'wide' | 'maximum' | 'rate' | 'highestWide' | 'highestRate';

/** All parts together, or of each element that of the replica where it is highest. */
export type Told = 'sum' | 'highest';

/** One element of a field: where it is in a part, and where in the sum. */
export interface Column {
  readonly way: Way;
  readonly from: number;
  readonly to: number;
  readonly periodMs: number;
  /** Of what a HAProxy has open now (`conn_cur`): one that is gone has none. */
  readonly isOpen: boolean;
}

export interface SumPlan {
  /** What is written into the table of the sums, in its order. */
  readonly layout: Layout;
  readonly columns: readonly Column[];
}

function wayOf({ name, kind }: Field, told: Told): Way {
  const isHighest = told === 'highest';
  if (kind === 'rate') return isHighest ? 'highestRate' : 'rate';
  if (kind === 'wide') return isHighest ? 'highestWide' : 'wide';
  if (isHighest) return 'maximum';
  // Tags are no counts: the highest one wins, so that a ban on one replica is one on all.
  return /^gpt0?$/.test(name) ? 'maximum' : 'sum';
}

const wordsOf: Readonly<Record<Way, number>> = {
  ...{ sum: 1, maximum: 1 },
  ...{ wide: 2, highestWide: 2 },
  ...{ rate: 3, highestRate: 3 },
};

/** A field of a part that the table of the sums has, too: of rates with the same period, as others cannot be added. */
export function sameField(parts: Layout, field: Field): Field | undefined {
  return parts.fields.find(
    ({ type, kind, periodMs }) =>
      type === field.type && kind === field.kind && kind !== 'none' && periodMs === field.periodMs,
  );
}

/** What of a table can be told to the table of its sums: the fields of both, with as many elements as both have. */
export function sumPlan(parts: Layout, sums: Layout, told: Told = 'sum'): SumPlan {
  const fields: Field[] = [];
  const columns: Column[] = [];
  let words = 0;
  for (const field of sums.fields) {
    const from = sameField(parts, field);
    if (from === undefined) continue;
    const way = wayOf(field, told);
    const count = Math.min(field.count, from.count);
    fields.push({ ...field, count, at: words });
    for (let index = 0; index < count; index++)
      columns.push({
        ...{ way, periodMs: field.periodMs, isOpen: field.isLocal },
        from: from.at + index * wordsOf[way],
        to: words + index * wordsOf[way],
      });
    words += count * wordsOf[way];
  }
  return { layout: { fields, words }, columns };
}
