import * as z from 'zod';

/**
 * A list of that many at the most, counted before its items are looked at: each that is wrong is an issue that takes a
 * hundred times as much memory as the letters it is made of.
 */
function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(z.unknown()).max(5000).pipe(z.array(item));
}

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

/** Of some keys, chosen by what they are, so that replicas that hold the same keys choose the same. */
const sample = z.object({
  atMs: z.number(),
  /** Hashes of the chosen keys, in the order in which HAProxy lists them. */
  keys: listOf(z.string()),
  /** Those of them that are about to expire. */
  expiring: listOf(z.string()),
  /** Only keys with a hash below this were chosen; null: all that were read. */
  below: z.string().nullable(),
  /** Entries that were read, and whether these were all. */
  read: z.number(),
  whole: z.boolean(),
});

const table = z.object({
  name: z.string(),
  /** Type of the key, e.g. `string`; absent from versions that do not report it. */
  type: z.string().optional(),
  size: z.number(),
  /** Entries in it now. */
  used: z.number(),
  /** Whether it is shared over the peers section. */
  shared: z.boolean(),
  /** Only where it was asked for, with `/status?sample`. */
  sample: sample.optional(),
});

/** What a sidecar answers at `/status`. Times are milliseconds since the epoch. Fields are only ever added. */
export const statusSchema = z.object({
  name: z.string(),
  address: z.string(),
  version: z.string(),
  startedAtMs: z.number(),
  /** `--mode`; `backends`: the command of that name, without peers. Absent: reload, or an earlier version, which has no other. */
  mode: z.enum(['reload', 'relay', 'backends']).optional(),
  /** What sidecars know each other by, with `--mode relay`. Absent: reload mode, or an earlier version. */
  trust: z.enum(['key', 'certificates', 'plaintext']).optional(),
  ready: z.boolean(),
  reasons: listOf(z.string()),
  /** It became ready without what siblings hold or may hold: it is no witness of what there is. */
  incomplete: z.boolean().optional(),
  /** With `--snapshot` in reload mode. Absent: without, or an earlier version. */
  restore: z
    .object({
      /** It has what there is: it is ready, has learned from one that was, or has restored. Absent: not known. */
      holds: z.boolean().optional(),
      /** What it could restore, by its date; `looking`: that is being verified. */
      offer: z.union([z.literal('looking'), z.object({ takenAtMs: z.number() }), z.null()]),
    })
    .optional(),
  members: z.object({
    synced: z.boolean(),
    names: listOf(z.string()),
    notes: listOf(z.string()),
  }),
  section: z.object({ name: z.string(), entries: z.number() }).nullable(),
  /** Null while HAProxy does not answer, or runs without the section. */
  resync: z.enum(['pending', 'learned', 'alone', 'unknown']).nullable(),
  haproxy: z.object({
    version: z.string().nullable(),
    /** Reloads of its master since it started, by whomever. */
    reloads: z.number().nullable(),
  }),
  peers: listOf(peer),
  tables: listOf(table),
  /** The waiting changes and why they wait; null if there are none. */
  pending: z
    .object({
      add: listOf(z.string()),
      update: listOf(z.string()),
      remove: listOf(z.string()),
      decision: z.string(),
      reasons: listOf(z.string()),
    })
    .nullable(),
  /**
   * A change that this replica was asked for and does not make, such as a template that HAProxy refuses. Absent: none,
   * or not known.
   */
  troubles: listOf(z.string()).optional(),
  /** With `--snapshot`. Absent: without it, or an earlier version. */
  snapshot: z
    .object({
      /** This replica is the one of the set that takes them. */
      records: z.boolean(),
      /** The last one that this replica has taken since its sidecar started. */
      last: z
        .object({ atMs: z.number(), entries: z.number(), bytes: z.number(), ms: z.number() })
        .nullable(),
      /** Why the last attempt failed; null: it did not. */
      failure: z.object({ atMs: z.number(), why: z.string() }).nullable(),
      /** What this HAProxy or one before it was given from a file, since the sidecar started. */
      restored: z
        .object({
          ...{ atMs: z.number(), replica: z.string(), takenAtMs: z.number() },
          ...{ entries: z.number(), expired: z.number() },
        })
        .nullable(),
    })
    .optional(),
  /** With `--lessons` in reload mode. Absent: without, or an earlier version. */
  lessons: z
    .object({
      /** Sidecars of other replicas that this one is linked with. */
      links: z.number(),
      /** Since when one is given or taken; null: none is. */
      sinceMs: z.number().nullable(),
      /** The last one that this replica has taken since its sidecar started. */
      last: z
        .object({ atMs: z.number(), peer: z.string(), taken: z.number(), skipped: z.number() })
        .nullable(),
    })
    .optional(),
  /** With `--backend`. Absent: without it, or an earlier version. */
  backends: listOf(
    z.object({
      name: z.string(),
      /** `NAMESPACE/SERVICE:PORT`. */
      service: z.string(),
      /** Of this program, in the worker; null: not known yet. */
      servers: z.object({ up: z.number(), drain: z.number(), maint: z.number() }).nullable(),
      /** What is not as it should be, and why. */
      held: listOf(z.string()),
    }),
  ).optional(),
  /** With `--aggregate`. Absent: without it, or an earlier version. */
  aggregate: z
    .object({
      /** HAProxy is told the sums as they change. */
      current: z.boolean(),
      /** Sidecars of others that tell their counters. */
      links: z.number(),
      /** HAProxys whose counters are in the sums, with those that have gone. */
      origins: z.number(),
      /** `evicted`: keys that had to make room for others. */
      tables: listOf(z.object({ name: z.string(), keys: z.number(), evicted: z.number() })),
    })
    .optional(),
  lastChange: z
    .object({
      atMs: z.number(),
      joined: listOf(z.string()),
      moved: listOf(z.string()),
      left: listOf(z.string()),
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
