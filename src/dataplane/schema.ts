import * as z from 'zod';

/**
 * Only the fields we use; other fields are allowed. v2 wraps some answers that v3 returns bare, and both forms are
 * accepted everywhere.
 */

export const infoSchema = z.object({ api: z.object({ version: z.string().optional() }) });

export const errorSchema = z.object({ message: z.string() });

const transaction = z.object({
  id: z.string().regex(/^[\w-]+$/),
  status: z.string().optional(),
});
export type Transaction = z.infer<typeof transaction>;
export const transactionSchema = transaction;

/** A list that is `null` when empty (dataplaneapi peer_entry.go returns a nil slice). */
export const transactionsSchema = unwrapped(z.array(transaction).nullable());

/** The requested reloads. One that is still due has no id. */
export const reloadsSchema = unwrapped(z.array(z.object({ status: z.string() })).nullable());

/** v2 answers the text of haproxy.cfg in JSON, v3 as it is. */
export const rawV2Schema = z.object({ data: z.string() });

/** A peer line or server line with all its parameters, kept as the API gave it. */
const lineSchema = z.looseObject({
  name: z.string(),
  address: z.string().optional(),
  port: z.number().optional(),
});
export type Line = z.infer<typeof lineSchema>;
export const linesSchema = unwrapped(z.array(lineSchema).nullable());

/** `GET peer_section/{name}?full_section=true`: maps keyed by name, absent when empty. */
export const fullSectionSchema = z.looseObject({
  name: z.string(),
  peer_entries: z.record(z.string(), lineSchema).optional(),
  servers: z.record(z.string(), lineSchema).optional(),
});
export type FullSection = z.infer<typeof fullSectionSchema>;

function unwrapped<T extends z.ZodType>(inner: T) {
  return z.union([inner, z.object({ data: inner.optional() }).transform(({ data }) => data)]);
}
