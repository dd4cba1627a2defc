import * as z from 'zod';

const peer = z.object({
  name: z.string(),
  /** `ADDR:PORT` as HAProxy prints it. */
  address: z.string(),
  local: z.boolean(),
  established: z.boolean(),
  lastStatus: z.string(),
  /** Updates of this replica that were not sent to it yet; absent without a live session. */
  lag: z.number().optional(),
});

const table = z.object({
  name: z.string(),
  /** Of the key, e.g. `string`; absent from a version that does not tell. */
  type: z.string().optional(),
  size: z.number(),
  /** Entries in it now. */
  used: z.number(),
  /** Whether it is shared over the peers section. */
  shared: z.boolean(),
});

/** What a sidecar answers at `/status`. Times are milliseconds since the epoch. Fields are only ever added. */
export const statusSchema = z.object({
  name: z.string(),
  address: z.string(),
  version: z.string(),
  startedAtMs: z.number(),
  ready: z.boolean(),
  reasons: z.array(z.string()),
  members: z.object({
    synced: z.boolean(),
    names: z.array(z.string()),
    notes: z.array(z.string()),
  }),
  section: z.object({ name: z.string(), entries: z.number() }).nullable(),
  /** Null while HAProxy does not answer, or runs without the section. */
  resync: z.enum(['pending', 'learned', 'alone', 'unknown']).nullable(),
  haproxy: z.object({
    version: z.string().nullable(),
    /** Reloads of its master since it started, by whomever. */
    reloads: z.number().nullable(),
  }),
  peers: z.array(peer),
  tables: z.array(table),
  /** What is to be changed and why it is not yet; null when nothing is. */
  pending: z
    .object({
      add: z.array(z.string()),
      update: z.array(z.string()),
      remove: z.array(z.string()),
      decision: z.string(),
      reasons: z.array(z.string()),
    })
    .nullable(),
  lastChange: z
    .object({
      atMs: z.number(),
      joined: z.array(z.string()),
      moved: z.array(z.string()),
      left: z.array(z.string()),
      ms: z.number(),
    })
    .nullable(),
  lastFailure: z.object({ atMs: z.number(), code: z.string() }).nullable(),
});

export type Status = z.infer<typeof statusSchema>;

/** In its own resync with entries in its tables: it would teach a part of what it will have. */
export function isLearning({ resync, tables }: Status): boolean {
  return resync === 'pending' && tables.some(({ shared, used }) => shared && used > 0);
}
