import type { Status } from '../telemetry/status-schema.ts';

type Table = Status['tables'][number];
type Sample = NonNullable<Table['sample']>;

/** A replica that has told how it is. */
export interface Told {
  readonly name: string;
  readonly status: Status;
}

/** A table of one replica lacks keys that another one holds. */
export interface Difference {
  readonly table: string;
  readonly replica: string;
  readonly holder: string;
  /** Hashes of the keys of the sample that are missing. */
  readonly missing: readonly string[];
  /** Keys of the sample that were compared. */
  readonly compared: number;
  /** As many entries are missing, reckoned from the sample. */
  readonly entries: number;
}

/** HAProxy of one branch lists keys in one order: 3.4 of `3.4.0-64a335366`. */
function branchOf({ haproxy }: Status): string | undefined {
  return /^\d+\.\d+/.exec(haproxy.version ?? '')?.[0];
}

/** HAProxy throws out the oldest entries of a full table, up to a 256th at a time: each replica its own. */
function isFull({ size, used }: Table): boolean {
  return used >= size - Math.max(1, size / 256);
}

/**
 * Keys of `theirs` that surely were read here too, had they been there. A sample that is not of the whole table ends
 * somewhere in HAProxy's order: what comes behind the last key that both have may be behind that end.
 */
function comparable(mine: Sample, theirs: Sample, sameOrder: boolean): readonly string[] {
  const limits = [mine.below, theirs.below].filter((each) => each !== null).toSorted();
  const limit = limits[0];
  const chosen = theirs.keys.filter((key) => limit === undefined || key < limit);
  const settled = (keys: readonly string[]) => {
    const expiring = new Set(theirs.expiring);
    return keys.filter((key) => !expiring.has(key));
  };
  if (mine.whole) return settled(chosen);
  if (!sameOrder) return [];
  const own = new Set(mine.keys);
  const last = chosen.findLastIndex((key) => own.has(key));
  // Nothing in common: who has read the whole table is told by the other side what is missing.
  if (last < 0) return theirs.whole ? [] : settled(chosen);
  return settled(chosen.slice(0, last + 1));
}

function compare(mine: Table, theirs: Table, sameOrder: boolean) {
  if (mine.sample === undefined || theirs.sample === undefined) return null;
  if (isFull(mine) || isFull(theirs)) return null;
  const keys = comparable(mine.sample, theirs.sample, sameOrder);
  const own = new Set(mine.sample.keys);
  const missing = keys.filter((key) => !own.has(key));
  if (missing.length === 0) return null;
  const entries = Math.max(1, Math.round((missing.length / keys.length) * theirs.used));
  return { missing, compared: keys.length, entries };
}

/** With how many others each replica is compared: with those that hold most. */
const witnesses = 16;

/** Tables that lack keys of another replica, by one look at each. A replica that still learns is not compared. */
export function differencesIn(told: readonly Told[]): readonly Difference[] {
  const settled = told.filter(
    ({ status: { resync } }) => resync === 'learned' || resync === 'alone',
  );
  const shared = (status: Status, name: string) =>
    status.tables.find((table) => table.shared && table.name === name);
  const names = new Set(settled.flatMap(({ status }) => status.tables.map(({ name }) => name)));
  return [...names].toSorted().flatMap((table) => {
    const holders = settled
      .filter(({ status }) => shared(status, table) !== undefined)
      .toSorted(
        (a, b) => (shared(b.status, table)?.used ?? 0) - (shared(a.status, table)?.used ?? 0),
      );
    return holders.flatMap((replica) =>
      holders.slice(0, witnesses).flatMap((holder): readonly Difference[] => {
        const mine = shared(replica.status, table);
        const theirs = shared(holder.status, table);
        if (mine === undefined || theirs === undefined || replica === holder) return [];
        const sameOrder = branchOf(replica.status) === branchOf(holder.status);
        const found = compare(mine, theirs, sameOrder);
        return found === null
          ? []
          : [{ table, replica: replica.name, holder: holder.name, ...found }];
      }),
    );
  });
}

/** The largest difference of each table of each replica. */
export function worstOf(differences: readonly Difference[]): readonly Difference[] {
  const worst = new Map<string, Difference>();
  for (const each of differences) {
    const place = `${each.replica} ${each.table}`;
    if (each.entries > (worst.get(place)?.entries ?? 0)) worst.set(place, each);
  }
  return [...worst.values()];
}

/**
 * Differences that both looks have found, of the same keys: what was on its way to a sibling, or expired here a moment
 * before it did there, is in one look only.
 */
export function confirmed(
  before: readonly Difference[],
  now: readonly Difference[],
): readonly Difference[] {
  const placeOf = ({ table, replica, holder }: Difference) => `${table} ${replica} ${holder}`;
  const known = new Map(before.map((each) => [placeOf(each), new Set(each.missing)]));
  return now.flatMap((each) => {
    const missing = each.missing.filter((key) => known.get(placeOf(each))?.has(key));
    if (missing.length === 0) return [];
    const share = missing.length / each.missing.length;
    return [{ ...each, missing, entries: Math.max(1, Math.round(each.entries * share)) }];
  });
}

/** When the samples of a replica were taken; null: it has told none. */
export function sampledAtMs({ status }: Told): number | null {
  const times = status.tables.flatMap(({ sample }) => sample?.atMs ?? []);
  return times.length === 0 ? null : Math.max(...times);
}
