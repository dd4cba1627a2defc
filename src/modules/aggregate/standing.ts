import type { Ledger } from '../../aggregate/store/ledger.ts';

/** What is summed, for people and metrics. */
export interface SumsStanding {
  /** HAProxys whose counters are in the sums. */
  readonly origins: number;
  readonly tables: {
    readonly name: string;
    readonly keys: number;
    /** Keys that had to make room. */
    readonly evicted: number;
  }[];
}

export function standingOf({ runs, tables }: Ledger): SumsStanding {
  const counted = runs.all().filter(({ isStaged, parts }) => !isStaged && parts > 0);
  return {
    origins: new Set(counted.map(({ origin }) => origin)).size,
    tables: [...tables].map(([name, { store }]) => ({
      ...{ name, keys: store.keys.rows.used, evicted: store.evicted },
    })),
  };
}
