import * as z from 'zod';

/** One page of a list; `continue` is the token of the next one. */
export const pageSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});

/** The identity of a pod. */
export const podIdentitySchema = z.object({ metadata: z.object({ uid: z.string().min(1) }) });

/** A line of a watch. The object's shape depends on the type. */
export const watchEventSchema = z.object({ type: z.string(), object: z.unknown() });

/** The object of an ADDED, MODIFIED or DELETED event. */
export const versionedSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1) }),
});

/** The API server's description of a group and version: its kinds, and their names in paths. */
export const resourceListSchema = z.object({
  resources: z.array(
    z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean().nullish() }),
  ),
});
