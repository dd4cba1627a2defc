import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { zstdDecompressSync } from 'node:zlib';
import { errorMessage } from '../../errors.ts';
import {
  headerSchema,
  parseJson,
  type SnapshotHeader,
  type SnapshotTrailer,
  trailerSchema,
} from './about.ts';
import {
  chunkBytes,
  chunkHeadBytes,
  formatVersion,
  kinds,
  limits,
  magic,
  preludeBytes,
  recordHeadBytes,
} from './layout.ts';
import { readAt, readRecords } from './record-reader.ts';
import { SnapshotRefused } from './refusal.ts';
import { createSealing, keyName, type Sealing } from './sealing.ts';

export interface Chunk {
  /** Whole messages of the peers protocol, one behind the other. */
  readonly messages: Buffer;
  /** When they were recorded, in milliseconds since the epoch. */
  readonly takenAtMs: number;
}

/** A file that was verified from the first byte to the last. */
export interface OpenSnapshot {
  readonly header: SnapshotHeader;
  readonly trailer: SnapshotTrailer;
  /** Of the file. */
  readonly bytes: number;
  /**
   * The recorded messages, in their order, a chunk at a time; with `again` each is good until the next one is asked for, and in the same
   * place: a large file would leave behind all it has, which is cleared away late.
   */
  chunks(again?: 'again'): AsyncGenerator<Chunk>;
  close(): Promise<void>;
}

interface Begun {
  readonly header: SnapshotHeader;
  readonly headerBytes: Buffer;
  readonly preludeRead: Buffer;
}

/** The header alone, which nothing vouches for yet. Throws `SnapshotRefused`. */
async function readHeader(file: FileHandle): Promise<Begun> {
  const preludeRead = await readAt(file, 0, preludeBytes);
  const isOurs = preludeRead.subarray(0, magic.length).equals(magic);
  if (!isOurs && magic.subarray(0, preludeRead.length).equals(preludeRead))
    throw new SnapshotRefused('torn', 'its end is missing');
  if (!isOurs) throw new SnapshotRefused('foreign', 'it is no snapshot of haproxy-peer-sync');
  if (preludeRead.length < preludeBytes) throw new SnapshotRefused('torn', 'its end is missing');
  const version = preludeRead.readUInt16BE(magic.length);
  if (version > formatVersion)
    throw new SnapshotRefused(
      'future',
      `it has format ${version}, and this version reads up to ${formatVersion}: a later haproxy-peer-sync wrote it`,
    );
  for await (const { kind, body } of readRecords(file, preludeBytes)) {
    const header = kind === kinds.header ? parseJson(headerSchema, body) : null;
    if (header === null)
      throw new SnapshotRefused('damaged', 'its header is not that of a snapshot');
    return { header, headerBytes: body, preludeRead };
  }
  throw new SnapshotRefused('torn', 'its end is missing');
}

function sealingOf({ header, headerBytes }: Begun, keys: readonly Buffer[]): Sealing | null {
  const { seal } = header;
  if (seal === null) return null;
  const key = keys.find((each) => keyName(each) === seal.key);
  if (key === undefined)
    throw new SnapshotRefused(
      'sealed',
      keys.length === 0
        ? 'it is encrypted, and no key was given'
        : 'it is encrypted with another key',
    );
  return createSealing(key, seal, headerBytes);
}

/** The whole file once: order, checksum and, where it is encrypted, each seal. */
async function verify(file: FileHandle, begun: Begun, sealing: Sealing | null) {
  const digest = createHash('sha256').update(begun.preludeRead);
  let index = 0;
  let trailer: SnapshotTrailer | null = null;
  let ended = false;
  let first = true;
  let bytes = preludeBytes;
  for await (const { kind, body, head } of readRecords(file, preludeBytes)) {
    bytes += recordHeadBytes + body.length;
    if (ended) throw new SnapshotRefused('damaged', 'something follows its end');
    if ((kind === kinds.header) !== first || (trailer !== null && kind !== kinds.end))
      throw new SnapshotRefused('damaged', 'its records are not in order');
    first = false;
    if (kind === kinds.end) {
      if (trailer === null) throw new SnapshotRefused('damaged', 'its trailer is missing');
      if (!digest.copy().digest().equals(body))
        throw new SnapshotRefused('damaged', 'its checksum does not match');
      ended = true;
      continue;
    }
    digest.update(head).update(body);
    if (kind === kinds.header) continue;
    const plain = sealing === null ? body : sealing.open(kind, index, body);
    if (plain === null) throw new SnapshotRefused('damaged', `its part ${index + 1} was changed`);
    if (kind === kinds.trailer) {
      trailer = parseJson(trailerSchema, plain);
      if (trailer === null || trailer.chunks !== index)
        throw new SnapshotRefused('damaged', 'its trailer does not fit');
    }
    index += 1;
  }
  if (!ended || trailer === null) throw new SnapshotRefused('torn', 'its end is missing');
  return { trailer, bytes };
}

/**
 * `chunkSize`: what zlib keeps for each chunk until V8 clears away all that is old, after tens of MiB. The pieces before the last one, and what
 * they are put together to, are cleared away at once.
 */
const unpacking = { maxOutputLength: limits.messageBytes, chunkSize: 32 * 1024 };
/** Most chunks fit into it. */
const workBytes = chunkHeadBytes + chunkBytes + 128 * 1024;

/**
 * Less than a millisecond. Null: it was changed. `work`: where it is put, if it fits; whoever keeps what zlib has made while a lesson is
 * played makes V8 keep it as well, until much more has come together.
 */
function unpacked(packed: Buffer, work: Buffer | null): Buffer | null {
  let plain: Buffer;
  try {
    plain = zstdDecompressSync(packed, unpacking);
  } catch {
    return null;
  }
  if (work === null || plain.length > work.length) return plain;
  return work.subarray(0, plain.copy(work));
}

async function* readChunks(
  file: FileHandle,
  { header }: Begun,
  sealing: Sealing | null,
  work: Buffer | null,
): AsyncGenerator<Chunk> {
  let index = 0;
  for await (const { kind, body } of readRecords(file, preludeBytes)) {
    if (kind !== kinds.chunk) continue;
    const packed = sealing === null ? body : sealing.open(kind, index, body);
    index += 1;
    const plain = packed && unpacked(packed, work);
    if (plain === null || plain.length < chunkHeadBytes)
      throw new SnapshotRefused('damaged', `its part ${index} was changed while it was read`);
    yield {
      messages: plain.subarray(chunkHeadBytes),
      takenAtMs: header.takenAtMs + plain.readUInt32BE(),
    };
  }
}

async function openFile(path: string): Promise<FileHandle> {
  // A pipe of that name would keep it waiting.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new SnapshotRefused('foreign', 'it is no regular file');
}

/** What a file says of itself, which nothing vouches for; null: it is no snapshot, or one that cannot be read. */
export async function peekSnapshot(path: string): Promise<SnapshotHeader | null> {
  let file: FileHandle | null = null;
  try {
    file = await openFile(path);
    return (await readHeader(file)).header;
  } catch {
    return null;
  } finally {
    await file?.close().catch(() => {});
  }
}

/**
 * Opens a snapshot and verifies all of it before anything is used. Throws `SnapshotRefused` with what is wrong, also where the
 * file cannot be read. Memory: one chunk. The caller closes it.
 */
export async function openSnapshot(
  path: string,
  keys: readonly Buffer[] = [],
): Promise<OpenSnapshot> {
  let file: FileHandle | null = null;
  try {
    file = await openFile(path);
    const handle = file;
    const begun = await readHeader(handle);
    const sealing = sealingOf(begun, keys);
    const { trailer, bytes } = await verify(handle, begun, sealing);
    return {
      ...{ header: begun.header, trailer, bytes },
      chunks: (again) =>
        readChunks(
          ...([handle, begun, sealing] as const),
          again === undefined ? null : Buffer.allocUnsafeSlow(workBytes),
        ),
      close: () => handle.close(),
    };
  } catch (error) {
    await file?.close().catch(() => {});
    if (error instanceof SnapshotRefused) throw error;
    throw new SnapshotRefused('unreadable', errorMessage(error), error);
  }
}
