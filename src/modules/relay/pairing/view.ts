import * as z from 'zod';

/** What one side knows of its own HAProxy, and tells the other. */
export const viewSchema = z.object({
  /** The worker: another one has another text. */
  worker: z.string().min(1).max(64),
  /** Its first full resync is finished. */
  learned: z.boolean(),
  /** No worker before it has handed over tables, and none will: what it holds was written here, or learned from a peer. */
  fresh: z.boolean(),
  /** In all shared tables. */
  entries: z.number().int().nonnegative(),
  /** Missing: it takes no part in snapshots, or is of an earlier version. */
  snapshot: z
    .object({
      /** It has what there is: it is ready, has learned from one that was, or has restored. */
      holds: z.boolean(),
      /** What it could restore, with the date in milliseconds; `looking`: that is being verified. */
      offer: z.union([z.literal('looking'), z.object({ takenAtMs: z.number() }), z.null()]),
    })
    .optional(),
});

export type View = z.infer<typeof viewSchema>;

/** The same for whatever is decided by it: how many entries it holds is told along, and changes with every write. */
export function alike(left: View | null, right: View | null): boolean {
  if (left === null || right === null) return left === right;
  const [entries, others] = [left.entries, right.entries];
  return sameView(left, { ...right, entries }) && (entries === 0) === (others === 0);
}

export function sameView(left: View | null, right: View | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.worker === right.worker &&
    left.learned === right.learned &&
    left.fresh === right.fresh &&
    left.entries === right.entries &&
    JSON.stringify(left.snapshot) === JSON.stringify(right.snapshot)
  );
}
