import * as z from 'zod';
import { limits } from './layout.ts';

/** HAProxy takes lines of 2048 bytes (2.6 to 3.4, `LINESIZE` in include/haproxy/defaults.h), so no name is longer. */
const name = z.string().min(1).max(2048);
const count = z.number().int().nonnegative();

/** A stick table as haproxy.cfg had it. */
const table = z.object({
  name,
  /** What makes a key: type and length, `string 64`. */
  keys: z.string().max(100),
});

/** How the rest of the file is sealed. Neither is a secret. */
const sealSchema = z.object({
  /** Which key, without telling anything of it. */
  key: z.string().regex(/^[0-9a-f]{16}$/),
  /** Of this file alone, in hex. */
  salt: z.string().regex(/^[0-9a-f]{64}$/),
});

/** What is known before anything is recorded. It is never encrypted: no key or value of an entry is in it. */
export const headerSchema = z.object({
  /** No other snapshot has it. */
  id: z.string().regex(/^[\w-]{1,40}$/),
  /** Grows within a directory, whatever the clock does. */
  sequence: count,
  /** Whose tables these are: replicas of one set share them. */
  set: name,
  section: name,
  replica: name,
  /** Of the program that wrote it, and of HAProxy; null: not known. */
  program: name,
  haproxy: name.nullable(),
  /** Milliseconds since the epoch. */
  takenAtMs: count,
  tables: z.array(table).max(5000),
  seal: sealSchema.nullable(),
});

/** What is known afterwards. */
export const trailerSchema = z.object({
  /** Of all tables. One that was written meanwhile counts twice. */
  entries: count,
  /** Of the messages, before they were compressed. */
  bytes: count,
  chunks: count,
  /** Milliseconds from the first message to the last. */
  tookMs: count,
});

export type SnapshotHeader = z.infer<typeof headerSchema>;
export type SnapshotTrailer = z.infer<typeof trailerSchema>;
export type SnapshotTable = z.infer<typeof table>;
export type Seal = z.infer<typeof sealSchema>;

/** Why no reader would take this header; null: they take it. */
export function headerFault(header: SnapshotHeader, bytes: number): string | null {
  const issue = headerSchema.safeParse(header).error?.issues[0];
  if (issue !== undefined) return `${issue.path.join('.')}: ${issue.message}`;
  const { headerBytes } = limits;
  if (bytes <= headerBytes) return null;
  return `the names of its tables take ${bytes} bytes, and ${headerBytes} are the most`;
}

/** Null: it is not what this version writes. */
export function parseJson<T>(schema: z.ZodType<T>, bytes: Buffer): T | null {
  try {
    return schema.safeParse(JSON.parse(bytes.toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
