import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/config/validate.ts';
import {
  kustomize,
  manifestsOf,
  noKubectl,
  textWithComponent,
  workloadsOf,
} from '../helpers/example-manifests.ts';
import { unless } from '../helpers/skip.ts';

const component = 'examples/lessons/component';
const podOf = (manifests: ReturnType<typeof kustomize>) => {
  const [workload] = workloadsOf(manifests);
  if (workload === undefined) throw new Error('no workload');
  const { initContainers, containers } = workload.spec.template.spec;
  return [...initContainers, ...containers];
};
const added = new Set(['HAPROXY_PEER_SYNC_LESSONS', 'POD_UID']);
/** Without what lessons add; each list of containers has its ports as far as there are some. */
const bare = (containers: ReturnType<typeof podOf>) =>
  containers.map(({ env, volumeMounts, ...rest }) => ({
    ...rest,
    env: env.filter(({ name }) => !added.has(name)),
    volumeMounts: volumeMounts.filter(({ name }) => name !== 'relay'),
    ports: z
      .array(z.looseObject({ containerPort: z.number() }))
      .default([])
      .parse(rest.ports)
      .filter(({ containerPort }) => containerPort !== 3001),
  }));

const cases: readonly (readonly [string, () => ReturnType<typeof kustomize>])[] = [
  ['examples/deployment', () => kustomize('examples/lessons')],
  ['examples/statefulset', () => manifestsOf(textWithComponent('examples/statefulset', component))],
];

describe.each(cases)('lessons with %s', unless(noKubectl), (base, manifests) => {
  const having = (name: string) => podOf(manifests()).find((each) => each.name === name);

  it('mounts the key for the sidecar alone', () => {
    const mounts = podOf(manifests()).filter(({ volumeMounts }) =>
      volumeMounts.some(
        ({ name, mountPath }) => name === 'relay' && mountPath === '/etc/haproxy-peer-sync/relay',
      ),
    );
    expect(mounts.map(({ name }) => name)).toEqual(['haproxy-peer-sync']);
  });

  it('is as it was in everything else', () => {
    expect(bare(podOf(manifests()))).toEqual(bare(podOf(kustomize(base))));
  });

  it.each(['init', 'run'] as const)('has options that %s takes', (command) => {
    const own = having(command === 'init' ? 'haproxy-peer-sync-init' : 'haproxy-peer-sync');
    const given: Record<string, string> = {
      ...{ POD_NAME: 'haproxy-0', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1', POD_IPS: '10.0.0.1' },
      ...{ NODE_NAME: 'node-1', HOST_IP: '10.0.0.2', HOST_IPS: '10.0.0.2' },
      ...(own?.env.some(({ name }) => name === 'POD_UID') === true ? { POD_UID: 'uid' } : {}),
    };
    for (const { name, value } of own?.env ?? []) if (value !== undefined) given[name] = value;
    const args = z.array(z.string()).parse(own?.args);
    const { config } = loadConfig(command, args.slice(1), given);
    expect(config).toMatchObject({ mode: 'reload', lessons: true });
  });
});
