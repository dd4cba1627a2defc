import { leftAfter } from '../../../lesson/chunk.ts';
import type { Definition } from '../../../lesson/definition.ts';
import { type Entry, expiryOf } from '../../../lesson/entry.ts';
import { dataHash } from '../../../lesson/fingerprint.ts';
import { type Choice, choose, isUpToMark } from './choose.ts';
import { keyOf } from './entry-key.ts';
import type { OwnEntries } from './own-entries.ts';
import type { RemoteChunk } from './remote-lesson.ts';

/** Two entries with the same hash of their data are the same: nothing of them is left out of it. */
function isWhole({ stored, hasUnknown }: Definition): boolean {
  return !hasUnknown && stored.every(({ kind }) => kind !== 'rate');
}

/** Counts what is chosen. */
export type Counts = Record<Choice | 'other-table' | 'expired', number>;

/** Without an expiry nothing tells which of two values is newer; rates are not compared. */
function isUntold(table: Definition, data: number, own: number | undefined): boolean {
  return table.expireMs === 0 && own !== undefined && !(isWhole(table) && data === own);
}

interface ChooserOptions {
  readonly own: OwnEntries;
  readonly counts: Counts;
  readonly left: Set<string>;
  readonly now: () => number;
  readonly comparedAtMs: number;
  /** By table: what its HAProxy has written up to this update the session does not bring. */
  readonly marks: ReadonlyMap<string, number>;
}

/** Which entries of a chunk of the other side are taken: their expiry, or null. Adds to `counts` and `left`. */
export function chooser({
  own,
  counts,
  left: leftTables,
  now,
  comparedAtMs,
  marks,
}: ChooserOptions) {
  return (chunk: RemoteChunk) =>
    (entry: Entry, bytes: Buffer, serverKey: Buffer | undefined): number | null => {
      const { table } = entry;
      const defined = own.tables.get(table.name);
      const expiry = expiryOf(bytes, entry);
      const left = leftAfter(expiry, now() - chunk.atMs, table.expireMs);
      if (left === null) {
        counts.expired += 1;
        return null;
      }
      // A table that holds nothing here was not defined: HAProxy passes over one that it has otherwise.
      if (defined !== undefined && defined !== table.text) {
        counts['other-table'] += 1;
        leftTables.add(table.name);
        return null;
      }
      const [high, low] = keyOf(bytes, entry);
      const known = own.index.get(high, low);
      const data = dataHash(bytes, entry, serverKey);
      if (isUntold(table, data, known?.data)) leftTables.add(table.name);
      const choice = choose(
        {
          expiresAtMs: chunk.atMs + expiry,
          uncertainMs: chunk.uncertainMs,
          ...{ data, isWhole: isWhole(table), tableExpireMs: table.expireMs },
          isBeforeSession: isUpToMark(marks.get(table.name), entry.id),
        },
        known,
        comparedAtMs,
      );
      counts[choice] += 1;
      return choice === 'missing' || choice === 'newer' || choice === 'tie' ? expiry : null;
    };
}
