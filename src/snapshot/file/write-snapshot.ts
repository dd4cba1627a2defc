import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { AppError, errorMessage } from '../../errors.ts';
import { headerFault, type SnapshotHeader, type SnapshotTrailer } from './about.ts';
import { freePath } from './free-path.ts';
import { chunkBytes, chunkHeadBytes, kinds, prelude, recordHead } from './layout.ts';
import { partialName, readSnapshotName, snapshotName } from './names.ts';
import { createSealing, newSeal } from './sealing.ts';

const compress = promisify(zstdCompress);

/** What of the file system is used, so that a test can have it fail where a real one does not on demand. */
export interface SnapshotDisk {
  readonly open: (path: string, flags: string, mode?: number) => Promise<FileHandle>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
}

export const disk: SnapshotDisk = {
  open,
  rename,
  remove: (path) => rm(path, { force: true }),
};

export interface WriteOptions {
  readonly directory: string;
  readonly header: Omit<SnapshotHeader, 'seal'>;
  /** Missing: its name says number, date and replica. */
  readonly name?: string | undefined;
  /** Encrypts the entries; missing: they are as they are. */
  readonly key?: Buffer | undefined;
  readonly disk?: SnapshotDisk;
}

export interface SnapshotWriter {
  /**
   * The next messages, whole ones, of which nothing is kept, recorded so many milliseconds after the header's date. Resolves when more may follow: what
   * is in memory never exceeds a chunk. Throws `AppError` SNAPSHOT_FAILED; what was written is removed then.
   */
  add(messages: Buffer, atMs: number): Promise<void> | undefined;
  /** The file is whole, on the disk and under its name. Returns its path and size. */
  finish(
    trailer: Pick<SnapshotTrailer, 'entries' | 'tookMs'>,
  ): Promise<{ readonly path: string; readonly bytes: number }>;
  /** Nothing is left of it. Never throws. */
  abandon(): Promise<void>;
}

/** A chunk and what was read at once behind its beginning, as a rule. */
const pendingRoom = chunkHeadBytes + chunkBytes + 128 * 1024;

/** The same bytes, `used` of them, where at least `needed` have room. */
function withRoom(buffer: Buffer<ArrayBuffer>, used: number, needed: number): Buffer<ArrayBuffer> {
  if (needed <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(2 * needed);
  larger.set(buffer.subarray(0, used));
  return larger;
}

/** Why no reader would take or find this file; null: nothing is in the way. */
function faultOf({ name }: WriteOptions, header: SnapshotHeader, bytes: number): string | null {
  const fault = headerFault(header, bytes);
  if (fault !== null) return `its header could not be read back: ${fault}`;
  const own = snapshotName(header);
  if (name !== undefined || readSnapshotName(own) !== null) return null;
  return `"${own}" is no name of a snapshot. Is there a file with the highest number, or has the name of this replica other characters than A-Z a-z 0-9 . _ : -?`;
}

/**
 * A new snapshot, mode 0600. It has another name until it is whole and on the disk, so a program that is killed leaves the
 * earlier ones as they were, and at most a part that nobody takes for a snapshot.
 */
export async function writeSnapshot(options: WriteOptions): Promise<SnapshotWriter> {
  const { directory, key, disk: fs = disk } = options;
  const header = { ...options.header, seal: key === undefined ? null : newSeal(key) };
  const temporary = join(directory, partialName(header.id, header.replica));
  const headerBytes = Buffer.from(JSON.stringify(header));
  const sealing =
    key === undefined || header.seal === null ? null : createSealing(key, header.seal, headerBytes);
  const digest = createHash('sha256');
  // One for all chunks of the file: each is compressed before the next one begins.
  let pending = Buffer.allocUnsafeSlow(pendingRoom);
  let pendingBytes = 0;
  let pendingAtMs = 0;
  let index = 0;
  let messageBytes = 0;
  let written = 0;
  let file: FileHandle | null = null;

  async function put(bytes: Buffer): Promise<void> {
    if (file === null) throw new Error('it was given up');
    digest.update(bytes);
    await file.writeFile(bytes);
    written += bytes.length;
  }
  async function record(kind: number, body: Buffer): Promise<void> {
    await put(recordHead(kind, body.length));
    await put(body);
  }
  const sealed = (kind: number, body: Buffer): Buffer => {
    const bytes = sealing === null ? body : sealing.seal(kind, index, body);
    index += 1;
    return bytes;
  };

  async function abandon(): Promise<void> {
    const open = file;
    file = null;
    await open?.close().catch(() => {});
    await fs.remove(temporary).catch(() => {});
  }
  /** What fails leaves nothing behind, and says what it was. */
  async function guarded<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      await abandon();
      throw new AppError(
        'SNAPSHOT_FAILED',
        `${directory}: no snapshot was written: ${errorMessage(error)}`,
        { cause: error },
      );
    }
  }

  async function flush(): Promise<void> {
    pending.writeUInt32BE(Math.min(Math.max(0, Math.round(pendingAtMs)), 0xffffffff));
    const plain = pending.subarray(0, chunkHeadBytes + pendingBytes);
    pendingBytes = 0;
    await record(kinds.chunk, sealed(kinds.chunk, await compress(plain)));
  }

  await guarded(async () => {
    const fault = faultOf(options, header, headerBytes.length);
    if (fault !== null) throw new Error(fault);
    await fs.remove(temporary);
    file = await fs.open(temporary, 'wx', 0o600);
    await put(prelude());
    await record(kinds.header, headerBytes);
  });

  return {
    add(messages, atMs) {
      // The first of a chunk: its entries live a moment longer, never shorter.
      if (pendingBytes === 0) pendingAtMs = atMs;
      const at = chunkHeadBytes + pendingBytes;
      pending = withRoom(pending, at, at + messages.length);
      pending.set(messages, at);
      pendingBytes += messages.length;
      messageBytes += messages.length;
      return pendingBytes < chunkBytes ? undefined : guarded(flush);
    },
    finish: (trailer) =>
      guarded(async () => {
        if (pendingBytes > 0) await flush();
        const whole: SnapshotTrailer = { ...trailer, bytes: messageBytes, chunks: index };
        const body = Buffer.from(JSON.stringify(whole));
        await record(kinds.trailer, sealed(kinds.trailer, body));
        await record(kinds.end, digest.copy().digest());
        // The umask can only have taken from 0600.
        await file?.sync();
        await file?.close();
        file = null;
        const path = await freePath(directory, header, options.name);
        await fs.rename(temporary, path);
        const folder = await fs.open(directory, 'r');
        try {
          await folder.sync();
        } finally {
          await folder.close();
        }
        return { path, bytes: written };
      }),
    abandon,
  };
}
