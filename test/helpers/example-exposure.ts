import { z } from 'zod';

/** What a manifest gives away: who can read a token, and which ports a Service hands on (docs/security.md). */
const container = z.object({
  name: z.string(),
  args: z.array(z.string()).optional(),
  volumeMounts: z.array(z.object({ name: z.string() })).default([]),
});
const pod = z.looseObject({
  hostNetwork: z.boolean().optional(),
  automountServiceAccountToken: z.boolean().optional(),
  enableServiceLinks: z.boolean().optional(),
  initContainers: z.array(container).default([]),
  containers: z.array(container),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
});
type Pod = z.infer<typeof pod>;
const workload = z.object({ spec: z.object({ template: z.object({ spec: pod }) }) });
const port = z.object({
  port: z.number().optional(),
  targetPort: z.union([z.number(), z.string()]).optional(),
});
const service = z.object({
  kind: z.literal('Service'),
  spec: z.object({ clusterIP: z.string().optional(), ports: z.array(port).default([]) }),
});

export const ours = ['haproxy-peer-sync-init', 'haproxy-peer-sync'];
const internalPorts: readonly unknown[] = [3000, 3001, 8405, 'peers', 'relay', 'peer-sync'];

/** Containers that find a token of the service account in their file system. */
export function tokenHolders(of: Pod): readonly string[] {
  const volumes = of.volumes
    .filter((volume) => JSON.stringify(volume).includes('"serviceAccountToken"'))
    .map(({ name }) => name);
  return [...of.initContainers, ...of.containers]
    .filter(
      ({ volumeMounts }) =>
        // Kubernetes' default is to mount it into every container.
        of.automountServiceAccountToken !== false ||
        volumeMounts.some(({ name }) => volumes.includes(name)),
    )
    .map(({ name }) => name);
}

export function podOf(documents: readonly unknown[]): Pod {
  const found = documents.flatMap((document) => workload.safeParse(document).data ?? []);
  if (found[0] === undefined || found.length > 1) throw new Error('not one workload');
  return found[0].spec.template.spec;
}

/** Internal ports that a Service with an address of its own passes on; a headless one only answers with names. */
export function exposed(documents: readonly unknown[]): readonly unknown[] {
  return documents
    .flatMap((document) => service.safeParse(document).data ?? [])
    .filter(({ spec }) => spec.clusterIP !== 'None')
    .flatMap(({ spec }) => spec.ports.map((one) => one.targetPort ?? one.port))
    .filter((target) => internalPorts.includes(target));
}
