import { expiryOf } from '../../../lesson/entry.ts';
import { dataHash } from '../../../lesson/fingerprint.ts';
import { createPassage } from '../../../lesson/passage.ts';
import { type RecordOptions, recordLesson } from '../../../lesson/record.ts';
import { keyOf } from './entry-key.ts';
import { createIndex, type EntryIndex, entriesAtMost } from './index.ts';

/** What the own HAProxy holds. */
export interface OwnEntries {
  readonly index: EntryIndex;
  /** Definitions by name. */
  readonly tables: ReadonlyMap<string, string>;
  readonly startMs: number;
}

/** It holds more than can be compared, or has not sent all. */
export interface NotIndexed {
  readonly kind: 'too-large' | 'failed';
  readonly why: string;
}

export interface OwnOptions {
  /** A session with the own HAProxy, on a slot that nobody else uses meanwhile. */
  readonly record: RecordOptions;
  /** Entries that it holds, about. */
  readonly entries: number;
}

/** Asks the own HAProxy for all it holds. Never throws. */
export async function indexOwn({ record, entries }: OwnOptions): Promise<OwnEntries | NotIndexed> {
  const startMs = record.now();
  // It was counted a while ago, and is written to.
  const index = createIndex(Math.ceil(entries * 1.1) + 10_000, startMs);
  const tables = new Map<string, string>();
  const passage = createPassage();
  let fits = entries <= entriesAtMost;
  const recorded = await recordLesson(record, async ({ bytes, atMs }) => {
    await passage.passInTurns(bytes, (entry, within, serverKey) => {
      const [high, low] = keyOf(within, entry);
      tables.set(entry.table.name, entry.table.text);
      const expiresAtMs = atMs + expiryOf(within, entry);
      fits &&= index.set(high, low, expiresAtMs, dataHash(within, entry, serverKey));
      return null;
    });
    if (!fits) throw new Error('too large');
  });
  if (!fits) {
    const why = `HAProxy holds more entries than can be compared, ${entriesAtMost.toLocaleString('en')}`;
    return { kind: 'too-large', why };
  }
  if (recorded.kind !== 'whole') return { kind: 'failed', why: recorded.why };
  return { index, tables, startMs };
}
