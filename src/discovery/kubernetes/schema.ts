import * as z from 'zod';
import type { PodFacts } from '../pods.ts';

/** The facts of a Pod. */
export const podSchema = z
  .object({
    metadata: z.object({ name: z.string().min(1), deletionTimestamp: z.string().nullish() }),
    spec: z
      .object({ nodeName: z.string().nullish(), hostNetwork: z.boolean().nullish() })
      .nullish(),
    status: z
      .object({
        phase: z.string().nullish(),
        podIP: z.string().nullish(),
        podIPs: z.array(z.object({ ip: z.string().nullish() })).nullish(),
      })
      .nullish(),
  })
  .transform(({ metadata, spec, status }): PodFacts => {
    const listed = (status?.podIPs ?? []).map(({ ip }) => ip);
    const addresses = [status?.podIP, ...listed].filter((ip) => ip !== undefined && ip !== null);
    return {
      name: metadata.name,
      addresses: [...new Set(addresses)].filter((ip) => ip !== ''),
      // A node has taken it: its network is being made.
      awaited: addresses.length === 0 && Boolean(spec?.nodeName),
      terminating: typeof metadata.deletionTimestamp === 'string',
      ...(spec?.hostNetwork === true && spec.nodeName ? { hostNode: spec.nodeName } : {}),
      finished: status?.phase === 'Succeeded' || status?.phase === 'Failed',
    };
  });

/** One page of a list; `continue` is the token of the next one. */
export const pageSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});

/** Of a pod, who it is. */
export const podIdentitySchema = z.object({ metadata: z.object({ uid: z.string().min(1) }) });

/** A line of a watch. The object's shape depends on the type. */
export const watchEventSchema = z.object({ type: z.string(), object: z.unknown() });

/** The object of an ADDED, MODIFIED or DELETED event. */
export const versionedSchema = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1) }),
});
