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

/** `length` bytes at `at`, into `bytes` where that is given; fewer at the end of the file. */
export async function readAt(
  file: FileHandle,
  at: number,
  length: number,
  bytes: Buffer = Buffer.alloc(length),
): Promise<Buffer> {
  let got = 0;
  while (got < length) {
    const { bytesRead } = await file.read(bytes, got, length - got, at + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return bytes.subarray(0, got);
}

/** As much as most chunks have; what is longer has a buffer of its own. */
const workBytes = 128 * 1024;

/** The records from `at` on, one at a time, each good until the next one is asked for. Throws `SnapshotRefused` where the file ends within one, or one is longer than any. */
export async function* readRecords(file: FileHandle, from: number): AsyncGenerator<FileRecord> {
  let at = from;
  // Read into again and again: what a large file would leave behind otherwise is cleared away late.
  const heads = Buffer.alloc(recordHeadBytes);
  const work = Buffer.allocUnsafeSlow(workBytes);
  for (;;) {
    const head = await readAt(file, at, recordHeadBytes, heads);
    if (head.length === 0) return;
    if (head.length < recordHeadBytes) throw new SnapshotRefused('torn', 'its end is missing');
    const kind = head.readUInt8();
    const length = head.readUInt32BE(1);
    const most = mostOf[kind];
    if (most === undefined || length > most)
      throw new SnapshotRefused('damaged', `at byte ${at} is no record of a snapshot`);
    const into = length > workBytes ? Buffer.alloc(length) : work;
    const body = await readAt(file, at + recordHeadBytes, length, into);
    if (body.length < length) throw new SnapshotRefused('torn', 'its end is missing');
    at += recordHeadBytes + length;
    yield { kind, body, head };
  }
}
