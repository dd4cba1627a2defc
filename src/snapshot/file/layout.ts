/*
 * A file is: `magic`, version, records, and nothing after the last. A record is kind (1 byte), length (4 bytes) and body. The
 * first is the header, then come chunks, one trailer, and the end, whose body is the SHA-256 of everything before that record.
 * Numbers are big-endian.
 */

/** Not text, so that no tool changes line ends in it. */
export const magic = Buffer.from('\x89HPSnap\n', 'latin1');

/** Of the format. A reader refuses what is later than its own. */
export const formatVersion = 1;

/** Magic and version. */
export const preludeBytes = magic.length + 2;

export const kinds = { header: 1, chunk: 2, trailer: 3, end: 4 } as const;

/** Kind and length. */
export const recordHeadBytes = 5;

/** When a chunk was recorded, in milliseconds after the header's date: stands before its messages. */
export const chunkHeadBytes = 4;

/** How many bytes of messages a chunk begins to be written at. Larger ones are compressed no better (docs/snapshot.md). */
export const chunkBytes = 256 * 1024;

/** The most that a reader takes. A message has 1 MiB at the most, so a chunk never has more than that and `chunkBytes`. */
export const limits = {
  headerBytes: 1024 * 1024,
  /** As it is in the file: what cannot be compressed grows a little. */
  chunkBytes: 2 * 1024 * 1024,
  /** As it is unpacked. */
  messageBytes: 2 * 1024 * 1024,
  trailerBytes: 1024 * 1024,
  endBytes: 32,
} as const;

export function prelude(): Buffer {
  const bytes = Buffer.alloc(preludeBytes);
  magic.copy(bytes);
  bytes.writeUInt16BE(formatVersion, magic.length);
  return bytes;
}

export function recordHead(kind: number, length: number): Buffer {
  const bytes = Buffer.alloc(recordHeadBytes);
  bytes.writeUInt8(kind);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
