import { z } from 'zod';
import type { Container, Manifest, Workload } from './example-manifests.ts';

/** What somebody who runs it for years expects of a manifest: each trait says what is missing. */
export type Trait = (workload: Workload, all: readonly Manifest[]) => readonly string[];

const budget = z.looseObject({
  kind: z.literal('PodDisruptionBudget'),
  spec: z.looseObject({
    maxUnavailable: z.literal(1),
    unhealthyPodEvictionPolicy: z.literal('AlwaysAllow'),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
  }),
});

function selects(labels: Readonly<Record<string, string>>, { spec }: Workload): boolean {
  const own = spec.template.metadata.labels;
  return Object.entries(labels).every(([key, value]) => own[key] === value);
}

function containersOf({ spec }: Workload): readonly Container[] {
  return [...(spec.template.spec.initContainers ?? []), ...spec.template.spec.containers];
}

/** Containers that run as long as the pod does. */
function lasting({ spec }: Workload): readonly Container[] {
  const { initContainers, containers } = spec.template.spec;
  return [...initContainers.filter((each) => each.restartPolicy === 'Always'), ...containers];
}

const spread: Trait = (workload) => {
  // One pod a node by its nature.
  if (workload.kind === 'DaemonSet') return [];
  const constraints = workload.spec.template.spec.topologySpreadConstraints;
  return ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].flatMap((key) => {
    const found = constraints.find(({ topologyKey }) => topologyKey === key);
    if (found === undefined || !selects(found.labelSelector.matchLabels, workload))
      return [`no spread over ${key}`];
    // Else a rollout spreads new pods around old ones that are about to go. A StatefulSet has at no time both.
    return workload.kind === 'Deployment' && !found.matchLabelKeys.includes('pod-template-hash')
      ? [`${key} without matchLabelKeys`]
      : [];
  });
};

const disruption: Trait = (workload, all) => {
  // A drain leaves the pods of a DaemonSet alone.
  if (workload.kind === 'DaemonSet') return [];
  return all.some((each) => {
    const { data } = budget.safeParse(each);
    return data !== undefined && selects(data.spec.selector.matchLabels, workload);
  })
    ? []
    : ['no PodDisruptionBudget of one replica that lets go of those which are not ready'];
};

const probes: Trait = (workload) =>
  lasting(workload).flatMap(({ name, startupProbe, livenessProbe, readinessProbe }) => [
    ...(livenessProbe === undefined ? [`${name}: no livenessProbe`] : []),
    ...((startupProbe ?? readinessProbe) === undefined ? [`${name}: nothing says it is up`] : []),
  ]);

const amounts: Trait = (workload) =>
  containersOf(workload).flatMap(({ name, resources: { requests = {}, limits = {} } }) => [
    ...['cpu', 'memory'].filter((of) => !(of in requests)).map((of) => `${name}: requests ${of}`),
    // No limit of CPU: it would slow HAProxy down while there is time to spare.
    ...('memory' in limits ? [] : [`${name}: limits memory`]),
  ]);

const port80: Trait = (workload) => {
  const { spec } = workload;
  // What somebody had before us.
  if (!containersOf(workload).some(({ name }) => name === 'haproxy-peer-sync')) return [];
  const { hostNetwork, securityContext } = spec.template.spec;
  const set = { name: 'net.ipv4.ip_unprivileged_port_start', value: '0' };
  const has = securityContext?.sysctls.some((each) => JSON.stringify(each) === JSON.stringify(set));
  // Kubernetes refuses it in the network of a node.
  return (has ?? false) === !hostNetwork ? [] : ['net.ipv4.ip_unprivileged_port_start'];
};

function setsTrue({ env }: Container, name: string): boolean {
  return env.find((each) => each.name === name)?.value === 'true';
}

/** TLS between the HAProxys, or between the sidecars, which have it in relay mode unless told not to. */
function encrypts(container: Container): boolean {
  const mode = container.env.find(({ name }) => name === 'HAPROXY_PEER_SYNC_MODE')?.value;
  return mode === 'relay'
    ? !setsTrue(container, 'HAPROXY_PEER_SYNC_RELAY_PLAINTEXT')
    : setsTrue(container, 'HAPROXY_PEER_SYNC_PEERS_TLS');
}

const tlsWithHostNetwork: Trait = (workload) => {
  if (!workload.spec.template.spec.hostNetwork) return [];
  return containersOf(workload)
    .filter(({ name }) => name.startsWith('haproxy-peer-sync'))
    .filter((container) => !encrypts(container))
    .map(({ name }) => `${name}: no TLS, and no NetworkPolicy applies`);
};

const exactImages: Trait = (workload) =>
  containersOf(workload)
    .filter(({ image }) => !/(@sha256:[0-9a-f]{64}|:(?!latest$)[\w.-]+)$/.test(image))
    .map(({ name, image }) => `${name}: ${image}`);

export const traits: Readonly<Record<string, Trait>> = {
  'spreads its replicas over hosts and zones': spread,
  'has a disruption budget': disruption,
  'is probed in every container that lasts': probes,
  'says what every container needs, and may have': amounts,
  'may bind port 80': port80,
  'speaks TLS in the network of a node': tlsWithHostNetwork,
  'names versions of its images': exactImages,
};

/** `bind` lines that only one IP family reaches. */
export function oneFamily(config: string): readonly string[] {
  return [...config.matchAll(/^\s*bind\s.*$/gm)]
    .map(([line]) => line.trim())
    .filter((line) => !/^bind :::\d+ v4v6\b/.test(line));
}
