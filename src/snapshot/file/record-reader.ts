import type { FileHandle } from 'node:fs/promises';
import { kinds, limits, recordHeadBytes } from './layout.ts';
import { SnapshotRefused } from './refusal.ts';

export interface FileRecord {
  readonly kind: number;
  readonly body: Buffer;
  /** Kind and length as they stand in the file. */
  readonly head: Buffer;
}

const mostOf: Readonly<Record<number, number>> = {
  [kinds.header]: limits.headerBytes,
  [kinds.chunk]: limits.chunkBytes,
  [kinds.trailer]: limits.trailerBytes,
  [kinds.end]: limits.endBytes,
};

/** `length` bytes at `at`; fewer at the end of the file. */
export async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await file.read(bytes, got, length - got, at + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return bytes.subarray(0, got);
}

/** The records from `at` on, one at a time. Throws `SnapshotRefused` where the file ends within one, or one is longer than any. */
export async function* readRecords(file: FileHandle, from: number): AsyncGenerator<FileRecord> {
  let at = from;
  for (;;) {
    const head = await readAt(file, at, recordHeadBytes);
    if (head.length === 0) return;
    if (head.length < recordHeadBytes) throw new SnapshotRefused('torn', 'its end is missing');
    const kind = head.readUInt8();
    const length = head.readUInt32BE(1);
    const most = mostOf[kind];
    if (most === undefined || length > most)
      throw new SnapshotRefused('damaged', `at byte ${at} is no record of a snapshot`);
    const body = await readAt(file, at + recordHeadBytes, length);
    if (body.length < length) throw new SnapshotRefused('torn', 'its end is missing');
    at += recordHeadBytes + length;
    yield { kind, body, head };
  }
}
