import * as z from 'zod';
import { viewSchema } from './view.ts';

const round = z.number().int().positive();
const why = z.string().max(500);

/** What two sidecars say to each other on their link. What is not known to this version is left alone. */
const messageSchema = z.discriminatedUnion('type', [
  /** The own HAProxy as it is now; null: it does not answer. */
  z.object({ type: z.literal('state'), view: viewSchema.nullable() }),
  /** The lead begins a round: whose leg is opened first. */
  z.object({ type: z.literal('begin'), round, first: z.enum(['lead', 'other']) }),
  /** The leg of this round is open; from here on data frames belong to it. */
  z.object({
    type: z.literal('up'),
    round,
    /** Its sidecar gives its HAProxy the heartbeats, so none need be passed on. Missing: it is of an earlier version. */
    beats: z.boolean().optional(),
  }),
  /** This round is over. */
  z.object({ type: z.literal('down'), round, why }),
  /** The sender lacks entries: teach it all. */
  z.object({ type: z.literal('lesson'), why }),
]);

export type Message = z.infer<typeof messageSchema>;

/** Null: none of ours, or of a later version. */
export function readMessage(text: unknown): Message | null {
  const read = messageSchema.safeParse(text);
  return read.success ? read.data : null;
}
