import type { RecordOptions } from '../../lesson/record.ts';
import type { OpenSnapshot } from '../../snapshot/file/open-snapshot.ts';
import { learnDifference } from '../relay/difference/learn.ts';
import type { RemoteChunk } from '../relay/difference/remote-lesson.ts';

export interface RestoreByHandOptions {
  /** A session with the own HAProxy on the slot of lessons. Its clock is the date. */
  readonly record: RecordOptions;
  /** Entries that HAProxy holds, about. */
  readonly entries: number;
  readonly file: Pick<OpenSnapshot, 'chunks' | 'trailer'>;
  /** So many of the parts were read. */
  readonly onProgress: (part: number, of: number) => void;
}

export type RestoredByHand =
  | {
      readonly kind: 'restored';
      /** Entries that HAProxy has got. */
      readonly entries: number;
      /** Of these: it had them, and older. */
      readonly older: number;
      /** Left out: HAProxy has them as new or newer. */
      readonly kept: number;
      readonly expired: number;
      /** Left out: HAProxy has a table of that name with other keys or data. */
      readonly otherTable: number;
    }
  | { readonly kind: 'failed'; readonly why: string };

/**
 * The file may have been written on another node, whose clock goes otherwise: what it has counts as newer only if it was written so
 * much later, in milliseconds, and what HAProxy has wins where that cannot be told.
 */
const clocksApartMs = 2000;

/**
 * Gives HAProxy the entries of a file that it lacks, or has older: HAProxy is asked for all it holds first, and what it has as new or
 * newer is left out. What is written to HAProxy after that, until the entry has come, is overwritten if the file has the same key.
 * Never throws.
 */
export async function restoreByHand(options: RestoreByHandOptions): Promise<RestoredByHand> {
  const { record, entries, file, onProgress } = options;
  const chunks = file.chunks();
  let part = 0;
  try {
    const learned = await learnDifference({
      ...{ record, entries, withoutSession: true },
      lesson: {
        async next(): Promise<RemoteChunk | null> {
          const { done, value } = await chunks.next();
          if (done) return null;
          part += 1;
          onProgress(part, file.trailer.chunks);
          return { bytes: value.messages, atMs: value.takenAtMs, uncertainMs: clocksApartMs };
        },
      },
    });
    if (learned.kind !== 'learned') return { kind: 'failed', why: learned.why };
    const { taken, newer, skipped, expired, otherTable } = learned;
    const kept = skipped - expired - otherTable;
    return { kind: 'restored', entries: taken, older: newer, kept, expired, otherTable };
  } finally {
    await chunks.return(undefined);
  }
}
