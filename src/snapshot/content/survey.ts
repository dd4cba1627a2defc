import { leftAfter } from '../../lesson/chunk.ts';
import type { Definition } from '../../lesson/definition.ts';
import { type Entry, expiryOf } from '../../lesson/entry.ts';
import { createPassage } from '../../lesson/passage.ts';
import type { OpenSnapshot } from '../file/open-snapshot.ts';
import { type EntryContent, readContent } from './read-entry.ts';

/** One table of a snapshot, at a moment. */
export interface TableSurvey {
  readonly name: string;
  /** As haproxy.cfg has it: `string 64`. */
  readonly keys: string;
  /** Of its entries, in milliseconds; 0: they stay. */
  readonly expireMs: number;
  /** What is stored, by the names of the data types. */
  readonly stored: readonly string[];
  /** Messages of entries: one that was written while it was recorded counts twice. */
  readonly entries: number;
  /** Of these: what has expired by now. */
  readonly expired: number;
  /** How long ago the last of them was written, and the first, in milliseconds; null: entries stay, so it is not known. */
  readonly youngestMs: number | null;
  readonly oldestMs: number | null;
}

export interface ShownEntry extends EntryContent {
  /** Milliseconds; null: it has expired. Of a table whose entries stay: 0. */
  readonly leftMs: number | null;
}

export interface Survey {
  readonly tables: readonly TableSurvey[];
  readonly entries: readonly ShownEntry[];
}

export interface SurveyOptions {
  /** The date, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** Entries to show, at most. */
  readonly limit: number;
  /** Of this table alone; undefined: of all. */
  readonly table?: string | undefined;
}

interface Sum {
  readonly table: Definition;
  entries: number;
  expired: number;
  youngestMs: number;
  oldestMs: number;
}

/** As in `stick-table`: of a string the length without its end. */
function keysText({ keyType, keyLength }: Definition): string {
  if (keyType === 'string') return `string ${keyLength - 1}`;
  return keyType === 'binary' ? `binary ${keyLength}` : keyType;
}

function storedText({ name, isArray, count, periodMs }: Definition['stored'][number]): string {
  const inside = [isArray ? [String(count)] : [], periodMs > 0 ? [`${periodMs}ms`] : []].flat();
  return inside.length === 0 ? name : `${name}(${inside.join(',')})`;
}

function surveyOf({ table, ...sum }: Sum): TableSurvey {
  const { name, expireMs, stored } = table;
  const { entries, expired } = sum;
  const stays = expireMs === 0 || entries === 0;
  return {
    ...{ name, keys: keysText(table), expireMs, stored: stored.map(storedText), entries, expired },
    youngestMs: stays ? null : sum.youngestMs,
    oldestMs: stays ? null : sum.oldestMs,
  };
}

/**
 * Reads all of a snapshot once. Memory: a chunk, the tables, and `limit` entries. Throws `UnreadableLesson` where what is recorded
 * is no lesson, and `SnapshotRefused` where the file has changed since it was opened.
 */
export async function surveySnapshot(
  file: Pick<OpenSnapshot, 'chunks'>,
  { nowMs, limit, table: only }: SurveyOptions,
): Promise<Survey> {
  const passage = createPassage();
  const sums = new Map<string, Sum>();
  const shown: ShownEntry[] = [];

  function count(entry: Entry, bytes: Buffer, atMs: number): number | null {
    const { table } = entry;
    const sum = sums.get(table.name) ?? {
      ...{ table, entries: 0, expired: 0 },
      ...{ youngestMs: Number.POSITIVE_INFINITY, oldestMs: 0 },
    };
    sums.set(table.name, sum);
    const expiry = expiryOf(bytes, entry);
    const ageMs = Math.max(0, nowMs - atMs);
    const left = leftAfter(expiry, ageMs, table.expireMs);
    sum.entries += 1;
    if (left === null) sum.expired += 1;
    const writtenMs = Math.max(0, table.expireMs - expiry) + ageMs;
    sum.youngestMs = Math.min(sum.youngestMs, writtenMs);
    sum.oldestMs = Math.max(sum.oldestMs, writtenMs);
    return left;
  }

  for await (const { messages, takenAtMs } of file.chunks()) {
    passage.pass(messages, (entry, bytes, serverKey) => {
      const leftMs = count(entry, bytes, takenAtMs);
      const isWanted = only === undefined || only === entry.table.name;
      if (isWanted && shown.length < limit)
        shown.push({ ...readContent(bytes, entry, serverKey), leftMs });
      return null;
    });
  }
  return { tables: [...sums.values()].map(surveyOf), entries: shown };
}
