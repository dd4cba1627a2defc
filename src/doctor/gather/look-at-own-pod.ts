import * as z from 'zod';
import type { SidecarConfig } from '../../config/values.ts';
import { RemoteError } from '../../errors.ts';
import { type Connection, connectWith } from '../../kubernetes/connection.ts';
import { pathOf } from '../../kubernetes/kind.ts';
import { sendJson } from '../../kubernetes/request.ts';
import type { Facts, OwnPodFact, ServiceFact } from '../facts.ts';
import { answerMs, looked } from './looked.ts';

const texts = z.record(z.string(), z.string()).nullish();
const container = z.object({
  name: z.string(),
  ports: z.array(z.object({ name: z.string().nullish(), containerPort: z.number() })).nullish(),
});

const podSchema = z
  .object({
    metadata: z.object({ labels: texts, annotations: texts }),
    spec: z.object({
      containers: z.array(container),
      initContainers: z.array(container).nullish(),
      terminationGracePeriodSeconds: z.number().nullish(),
    }),
  })
  .transform(({ metadata, spec }): OwnPodFact => {
    const all = [...(spec.initContainers ?? []), ...spec.containers];
    return {
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
      initContainers: (spec.initContainers ?? []).map(({ name }) => name),
      containers: spec.containers.map(({ name }) => name),
      ports: all.flatMap(({ ports }) =>
        (ports ?? []).map(({ name, containerPort }) => {
          return { name: name ?? undefined, port: containerPort };
        }),
      ),
      graceSeconds: spec.terminationGracePeriodSeconds ?? 30,
    };
  });

const servicesSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({
        type: z.string().nullish(),
        clusterIP: z.string().nullish(),
        selector: texts,
        ports: z
          .array(
            z.object({ port: z.number(), targetPort: z.union([z.number(), z.string()]).nullish() }),
          )
          .nullish(),
      }),
    }),
  ),
});

/** Services that select a pod with these labels. */
function selecting(
  labels: OwnPodFact['labels'],
  { items }: z.infer<typeof servicesSchema>,
): readonly ServiceFact[] {
  return items.flatMap(({ metadata, spec }) => {
    const selector = Object.entries(spec.selector ?? {});
    const isOurs = selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
    if (!isOurs) return [];
    const { type, clusterIP, ports } = spec;
    return [
      {
        name: metadata.name,
        type: type ?? 'ClusterIP',
        headless: clusterIP === 'None',
        ports: (ports ?? []).map(({ port, targetPort }) => ({ port, target: targetPort ?? port })),
      },
    ];
  });
}

async function get<T>(
  connection: Connection,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const { status, message, body } = await sendJson(connection, 'GET', path, undefined, limit);
  if (status !== 200) {
    const code = status === 403 ? 'KUBERNETES_FORBIDDEN' : 'KUBERNETES_BAD_ANSWER';
    const details = { retryable: true, status, stage: 'get' };
    throw new RemoteError(code, `${status}: ${message}`, details);
  }
  return schema.parse(body);
}

/** How many Services of a namespace are checked. */
const servicesLimit = 500;

/** This pod, and the Services that select it, if the Role allows reading them. */
export async function lookAtOwnPod(
  { kubeconfig, podName }: SidecarConfig,
  namespace: string,
  signal: AbortSignal,
): Promise<Pick<Facts, 'ownPod' | 'services'>> {
  const core = { group: '', version: 'v1' };
  const connection = await looked(connectWith(kubeconfig));
  if (!connection.ok) return { ownPod: connection, services: connection };
  try {
    const pods = pathOf({ ...core, plural: 'pods' }, namespace);
    const services = pathOf({ ...core, plural: 'services' }, namespace);
    const ownPod = await looked(() =>
      get(connection.value, `${pods}/${encodeURIComponent(podName)}`, podSchema, signal),
    );
    if (!ownPod.ok) return { ownPod, services: ownPod };
    const found = await looked(async () => {
      const path = `${services}?limit=${servicesLimit}`;
      const all = await get(connection.value, path, servicesSchema, signal);
      return selecting(ownPod.value.labels, all);
    });
    return { ownPod, services: found };
  } finally {
    connection.value.close();
  }
}
