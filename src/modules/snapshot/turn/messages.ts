import { dirname, join } from 'node:path';
import * as z from 'zod';

/** As long as a path may be (`PATH_MAX` in linux/limits.h): a line that is not understood ends the visit. */
const text = z.string().max(4096);
const count = z.number().int().nonnegative();

/** What somebody wants the slot for, and what came of it. One JSON object a line. */
export const askedSchema = z.discriminatedUnion('step', [
  z.object({ step: z.literal('ask'), for: z.enum(['take', 'restore']) }),
  z.object({
    ...{ step: z.literal('taken'), takenAtMs: count, entries: count, bytes: count },
    ...{ ms: z.number().nonnegative(), kept: z.boolean() },
  }),
  z.object({
    ...{ step: z.literal('restored'), path: text, replica: text, takenAtMs: count },
    ...{ entries: count, expired: count },
  }),
]);

/** What the sidecar says. */
export const saidSchema = z.discriminatedUnion('step', [
  /** `ready`: this replica is, so its tables are all there is. */
  z.object({ step: z.literal('yours'), ready: z.boolean() }),
  z.object({ step: z.literal('refused'), why: text }),
  /** It has noted what came of it. `told`: replicas that compare themselves with this one now. */
  z.object({ step: z.literal('noted'), told: z.array(text).max(1000) }),
]);

export type Asked = z.infer<typeof askedSchema>;
export type Outcome = Exclude<Asked, { readonly step: 'ask' }>;
export type Said = z.infer<typeof saidSchema>;

/** Beside HAProxy's admin socket, which is on a volume of this pod alone and for the same user. */
export function doorPath(adminSocket: string): string {
  return join(dirname(adminSocket), 'haproxy-peer-sync.door');
}
