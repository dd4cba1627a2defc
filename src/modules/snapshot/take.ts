import { AppError, errorMessage } from '../../errors.ts';
import type { LessonChunk } from '../../lesson/chunk.ts';
import type { Recorded } from '../../lesson/record.ts';
import { superfluous } from '../../snapshot/decide/keep.ts';
import type { SnapshotHeader } from '../../snapshot/file/about.ts';
import {
  nextSequence,
  removePartials,
  removeSnapshots,
  snapshotsOfSet,
} from '../../snapshot/file/folder.ts';
import { type SnapshotDisk, writeSnapshot } from '../../snapshot/file/write-snapshot.ts';

/** What does not change from one snapshot of this replica to the next. */
export type Origin = Pick<SnapshotHeader, 'set' | 'section' | 'replica' | 'program'>;

export interface TakeOptions {
  readonly directory: string;
  /** `--snapshot-keep`. */
  readonly keep: number;
  readonly origin: Origin;
  /** HAProxy and its tables as they are now. Throws where it is not to be recorded; asked before and afterwards. */
  readonly about: () => Promise<Pick<SnapshotHeader, 'haproxy' | 'tables'>>;
  /** The key that files are encrypted with; undefined: they are not. */
  readonly key: () => Promise<Buffer | undefined>;
  /** One lesson of HAProxy. Its times are those of `now`. */
  readonly record: (
    take: (chunk: LessonChunk) => Promise<void> | void,
    signal: AbortSignal,
  ) => Promise<Recorded>;
  readonly newId: () => string;
  /** Missing: the real one. */
  readonly disk?: SnapshotDisk;
  /** Somebody has asked for it, and nothing is removed. `name`: what its file is called; missing: as others are. */
  readonly byHand?: { readonly name?: string | undefined };
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow: () => number;
}

export type Taken =
  | {
      readonly kind: 'taken';
      readonly path: string;
      readonly takenAtMs: number;
      readonly entries: number;
      /** Of the file. */
      readonly bytes: number;
      readonly ms: number;
      /** Why earlier files, or parts that were given up, are still there; missing: none is that should not be. */
      readonly notRemoved?: string | undefined;
    }
  /** No entry is there, and the file would only crowd out one that has some. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'failed'; readonly why: string };

/** Records all tables into a new file, and removes those that are not kept any more. Never throws. */
export async function takeSnapshot(options: TakeOptions, signal: AbortSignal): Promise<Taken> {
  try {
    return await take(options, signal);
  } catch (error) {
    const why =
      error instanceof AppError ? error.message : `${options.directory}: ${errorMessage(error)}`;
    return { kind: 'failed', why };
  }
}

async function take(options: TakeOptions, signal: AbortSignal): Promise<Taken> {
  const { directory, origin, now, wallNow } = options;
  let notRemoved: string | undefined;
  // Where the directory itself is gone, the next step says so.
  const keepWhy = (error: unknown): void => {
    notRemoved ??= errorMessage(error);
  };
  if (options.byHand === undefined)
    await removePartials(directory, origin, wallNow()).catch(keepWhy);
  const sequence = await nextSequence(directory);
  const [about, key] = await Promise.all([options.about(), options.key()]);
  const [beganMs, takenAtMs] = [now(), wallNow()];
  const id = options.newId();
  const writer = await writeSnapshot({
    ...{ directory, key, name: options.byHand?.name },
    header: { ...origin, ...about, id, sequence, takenAtMs },
    ...(options.disk === undefined ? {} : { disk: options.disk }),
  });
  const recorded = await options.record(
    ({ bytes, atMs }) => writer.add(bytes, atMs - beganMs),
    signal,
  );
  if (recorded.kind !== 'whole') {
    await writer.abandon();
    return { kind: 'failed', why: recorded.why };
  }
  const { entries } = recorded;
  if (entries === 0) {
    await writer.abandon();
    return { kind: 'empty' };
  }
  await options.about().catch(async (error: unknown) => {
    await writer.abandon();
    throw error;
  });
  const tookMs = Math.round(now() - beganMs);
  const { path, bytes } = await writer.finish({ entries, tookMs });
  const ms = now() - beganMs;
  // The new one counts, whatever becomes of the old ones.
  if (options.byHand === undefined)
    await snapshotsOfSet(directory, origin.set)
      .then((own) =>
        removeSnapshots(directory, superfluous(own, options.keep), options.disk?.remove),
      )
      .catch(keepWhy);
  return { kind: 'taken', path, takenAtMs, entries, bytes, ms, notRemoved };
}
