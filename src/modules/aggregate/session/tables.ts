import type { HeardTable } from '../../../aggregate/codec/hear.ts';
import { type SumPlan, sumPlan } from '../../../aggregate/merge/plan.ts';
import type { Ledger, LedgerTable } from '../../../aggregate/store/ledger.ts';
import { epochTable } from '../../../config-text/sums-section.ts';

/** What is said of a table, by what its name ends in. */
export interface Suffixes {
  /** All replicas. */
  readonly sum: string;
  /** All but this one. */
  readonly others: string;
  /** The one that has most. */
  readonly max: string;
}

/** A table of sums in this session. */
export interface Target {
  readonly source: LedgerTable;
  readonly heard: HeardTable;
  readonly plan: SumPlan;
  readonly isOthers: boolean;
  /** Its number in what this side sends. */
  readonly id: number;
}

export type Role =
  | { readonly kind: 'epochs' }
  | { readonly kind: 'sums' }
  | { readonly kind: 'source'; readonly table: LedgerTable };

/** What HAProxy has defined in this session. */
export interface SessionTables {
  /** It defines this one, or names it again. */
  heard(table: HeardTable, now: number): Role;
  /** Tables of sums whose source is known, by source. Sources without one are of no use. */
  targets(): readonly Target[];
  readonly epochs: HeardTable | undefined;
}

const epochId = 1;

export function createTables(ledger: Ledger, suffixes: Suffixes): SessionTables {
  const sums = new Map<string, { heard: HeardTable; id: number }>();
  const known = new Map<string, Target>();
  let epochs: HeardTable | undefined;
  let lastId = epochId;

  function targetsOf(source: LedgerTable): readonly Target[] {
    return (['sum', 'others', 'max'] as const).flatMap((kind) => {
      const name = source.definition.name + suffixes[kind];
      const found = sums.get(name);
      if (found === undefined) return [];
      const before = known.get(name);
      if (before?.source === source && before.heard === found.heard) return [before];
      const told = kind === 'max' ? 'highest' : 'sum';
      const plan = sumPlan(source.layout, found.heard.layout, told);
      const target = { source, ...found, plan, isOthers: kind === 'others' };
      known.set(name, target);
      return [target];
    });
  }

  return {
    heard(heard, now) {
      const { name } = heard.definition;
      if (name === epochTable) {
        epochs = heard;
        return { kind: 'epochs' };
      }
      if (Object.values(suffixes).some((suffix) => name.endsWith(suffix))) {
        const before = sums.get(name);
        const isSame = before?.heard.definition.text === heard.definition.text;
        if (before === undefined) lastId += 1;
        if (!isSame) sums.set(name, { heard, id: before?.id ?? lastId });
        return { kind: 'sums' };
      }
      return { kind: 'source', table: ledger.table(heard.definition, heard.layout, now) };
    },
    targets: () => [...ledger.tables.values()].flatMap(targetsOf),
    get epochs() {
      return epochs;
    },
  };
}
