import * as z from 'zod';

const id = z.string().min(1).max(40);
const why = z.string().max(500);
const ms = z.number().nonnegative().finite();

/** Names of tables in one message. */
export const tablesAtMost = 15;

/** What two sidecars say to each other about lessons by difference. Earlier versions leave all of it alone. */
const schema = z.discriminatedUnion('step', [
  /**
   * For how long our HAProxy has held all that there was to learn; `hadLink`: there was a link with the other pod before, of
   * which its sidecar knows nothing if it was started anew.
   */
  z.object({
    ...{ step: z.literal('standing'), settledMs: ms, hadLink: z.boolean().default(false) },
    /** It will say `compared`. Missing: an earlier version, which does not. */
    compares: z.boolean().optional(),
    /** As `Whole.ms`; missing: an earlier version, which does not tell. It is said again when the set breaks. */
    wholeMs: ms.optional(),
  }),
  /** May we have a lesson? */
  z.object({ step: z.literal('ask'), id }),
  z.object({
    ...{ step: z.literal('granted'), id },
    /** The session does not bring what our HAProxy has written up to these updates, by table. Missing: it brings all. */
    marks: z
      .array(z.object({ table: z.string().max(200), last: z.number().int().nonnegative() }))
      .max(tablesAtMost)
      .optional(),
  }),
  z.object({ step: z.literal('refused'), id, why }),
  /** The next chunk, please. */
  z.object({ step: z.literal('more'), id }),
  /** A part of a chunk, so old when it was sent; `last`: the chunk is whole. */
  z.object({
    ...{ step: z.literal('piece'), id, ageMs: ms, uncertainMs: ms },
    ...{ bytes: z.string().max(4096), last: z.boolean() },
  }),
  /** That was all; `why`: it was not. */
  z.object({ step: z.literal('end'), id, why: why.nullable() }),
  /** Our HAProxy has got entries that no session brings: compare yours with it once more. */
  z.object({ step: z.literal('again'), why }),
  /** Our HAProxy has got from yours what it lacked or had older, but for these tables; `why`: it could not be compared. */
  z.object({
    step: z.literal('compared'),
    left: z.array(z.string().max(200)).max(tablesAtMost),
    why: why.nullable(),
  }),
  /** No more is wanted. */
  z.object({ step: z.literal('stop'), id }),
]);

export type DifferenceStep = z.infer<typeof schema>;

const type = 'difference';
const envelope = z.object({ type: z.literal(type) });

export function writeStep(step: DifferenceStep): unknown {
  return { type, ...step };
}

/** Null: it is about something else, or of a later version. */
export function readStep(message: unknown): DifferenceStep | null {
  if (!envelope.safeParse(message).success) return null;
  const read = schema.safeParse(message);
  return read.success ? read.data : null;
}

/** Bytes of one piece: as text it stays below what a message may have, 4 kB. */
export const pieceBytes = 2700;
