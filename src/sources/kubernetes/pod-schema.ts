import * as z from 'zod';
import type { Labels, Selector } from '../../model/selector.ts';
import type { PodOrigin } from '../left-out.ts';
import type { PodFacts } from '../pods.ts';

const ownerSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  controller: z.boolean().nullish(),
});

const metadataSchema = z.object({
  name: z.string().min(1),
  uid: z.string().nullish(),
  deletionTimestamp: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  ownerReferences: z.array(ownerSchema).nullish(),
});

/** Where a pod belongs, by its metadata. */
function originOf({ name, labels, ownerReferences }: z.infer<typeof metadataSchema>): PodOrigin {
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  return { name, labels: labels ?? {}, owner: owner ?? null };
}

/** Where a pod belongs, of which only the metadata was asked for. */
export const podOriginSchema = z.object({ metadata: metadataSchema }).transform(({ metadata }) => ({
  ...originOf(metadata),
  terminating: typeof metadata.deletionTimestamp === 'string',
}));

/** The facts of a Pod. */
export const podSchema = z
  .object({
    metadata: metadataSchema,
    spec: z
      .object({ nodeName: z.string().nullish(), hostNetwork: z.boolean().nullish() })
      .nullish(),
    status: z
      .object({
        phase: z.string().nullish(),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
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
      ...(metadata.uid ? { uid: metadata.uid } : {}),
      addresses: [...new Set(addresses)].filter((ip) => ip !== ''),
      // A node has taken it: its network is being made.
      awaited: addresses.length === 0 && Boolean(spec?.nodeName),
      terminating: typeof metadata.deletionTimestamp === 'string',
      ...(spec?.hostNetwork === true && spec.nodeName ? { hostNode: spec.nodeName } : {}),
      origin: originOf(metadata),
      running: status?.phase === 'Running',
      ...servingOf(status?.phase, status?.conditions),
      finished: status?.phase === 'Succeeded' || status?.phase === 'Failed',
    };
  });

/** A pod is Pending until its init containers have ended and a container runs. */
function servingOf(
  phase: string | null | undefined,
  conditions: readonly { readonly type: string; readonly status: string }[] | null | undefined,
): Pick<PodFacts, 'serving'> {
  if (phase === 'Pending') return { serving: false };
  const ready = (conditions ?? []).some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );
  return ready ? { serving: true } : {};
}

const operators = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: 'absent' } as const;

/** A LabelSelector of apimachinery's meta/v1, or the plain map of a ReplicationController, as requirements. */
const labelSelectorSchema = z.union([
  z
    .strictObject({
      matchLabels: z.record(z.string(), z.string()).nullish(),
      matchExpressions: z
        .array(
          z.object({
            key: z.string(),
            operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            values: z.array(z.string()).nullish(),
          }),
        )
        .nullish(),
    })
    .transform(
      ({ matchLabels, matchExpressions }): Selector => [
        ...equalities(matchLabels ?? {}),
        ...(matchExpressions ?? []).map(({ key, operator, values }) => ({
          key,
          operator: operators[operator],
          values: values ?? [],
        })),
      ],
    ),
  z.record(z.string(), z.string()).transform(equalities),
]);

function equalities(labels: Labels): Selector {
  return Object.entries(labels)
    .map(([key, value]) => ({ key, operator: 'in', values: [value] }) as const)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Of an object that makes pods, how it finds them. */
export const ownerSelectorSchema = z.object({ spec: z.object({ selector: labelSelectorSchema }) });
