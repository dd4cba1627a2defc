import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/config/validate.ts';
import { kustomize, noKubectl, workloadsOf } from '../helpers/example-manifests.ts';
import { unless } from '../helpers/skip.ts';

const variable = 'HAPROXY_PEER_SYNC_SNAPSHOT';
const claims = z.looseObject({
  kind: z.literal('StatefulSet'),
  spec: z.looseObject({
    podManagementPolicy: z.string(),
    volumeClaimTemplates: z.array(z.looseObject({ metadata: z.object({ name: z.string() }) })),
  }),
});

function podOf(folder: string) {
  const [workload] = workloadsOf(kustomize(folder));
  if (workload === undefined) throw new Error(`no workload in ${folder}`);
  const { initContainers, containers } = workload.spec.template.spec;
  return [...initContainers, ...containers];
}

/** Folder, what it is made of, its containers beside ours and HAProxy, and its volume of a kind. */
const examples = [
  ['examples/snapshot', 'examples/relay/statefulset', [], undefined],
  ['examples/snapshot/deployment', 'examples/relay', [], 'emptyDir'],
  ['examples/snapshot/daemonset', 'examples/relay/daemonset', ['snapshot-directory'], 'hostPath'],
] as const;

const setOf = () => {
  const found = kustomize('examples/snapshot').flatMap((each) => claims.safeParse(each).data ?? []);
  if (found[0] === undefined) throw new Error('no StatefulSet with claims');
  return found[0].spec;
};

describe('examples/snapshot', unless(noKubectl), () => {
  it('has one claim for each replica', () => {
    expect(setOf().volumeClaimTemplates.map(({ metadata }) => metadata.name)).toEqual([
      'snapshots',
    ]);
  });

  it('starts all replicas together, so that the one with the newest file is there', () => {
    expect(setOf().podManagementPolicy).toBe('Parallel');
  });
});

describe.each(examples)('%s', unless(noKubectl), (folder, base, added, kind) => {
  it('has a volume for the sidecar of each replica, where the option looks for it', () => {
    const mounted = podOf(folder)
      .filter(({ name }) => !added.some((each) => each === name))
      .flatMap(({ name, env, volumeMounts }) =>
        volumeMounts
          .filter((mount) => mount.name === 'snapshots')
          .map(({ mountPath }) => ({
            name,
            mountPath,
            option: env.find((each) => each.name === variable)?.value,
          })),
      );
    expect(mounted).toEqual([
      { name: 'haproxy-peer-sync', mountPath: '/snapshots', option: '/snapshots' },
    ]);
  });

  it(`has the volume that its README names: ${kind ?? 'of a claim'}`, () => {
    const [workload] = workloadsOf(kustomize(folder));
    const volumes = z
      .array(z.looseObject({ name: z.string() }))
      .parse(workload?.spec.template.spec.volumes)
      .filter(({ name }) => name === 'snapshots');
    expect(volumes.flatMap((each) => Object.keys(each).filter((key) => key !== 'name'))).toEqual(
      kind === undefined ? [] : [kind],
    );
  });

  it(`is ${base} in everything else`, () => {
    const bare = (of: string) =>
      podOf(of)
        .filter(({ name }) => !added.some((each) => each === name))
        .map(({ env, volumeMounts, ...rest }) => ({
          ...rest,
          env: env.filter(({ name }) => name !== variable),
          volumeMounts: volumeMounts.filter(({ name }) => name !== 'snapshots'),
        }));
    expect(bare(folder)).toEqual(bare(base));
    expect(podOf(folder)).toHaveLength(podOf(base).length + added.length);
  });

  it('makes the directory before the sidecar starts', () => {
    const names = podOf(folder).map(({ name }) => name);
    expect(names).toEqual([...added, 'haproxy-peer-sync', 'haproxy']);
  });

  it('has options that run takes', () => {
    const sidecar = podOf(folder).find(({ name }) => name === 'haproxy-peer-sync');
    const given: Record<string, string> = {
      ...{ POD_NAME: 'haproxy-0', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1', POD_IPS: '10.0.0.1' },
      ...{ POD_UID: 'uid', NODE_NAME: 'node-1', HOST_IP: '10.0.0.2' },
    };
    for (const { name, value } of sidecar?.env ?? []) if (value !== undefined) given[name] = value;
    const args = z.array(z.string()).parse(sidecar?.args);
    const { config } = loadConfig('run', args.slice(1), given);
    expect(config).toMatchObject({ mode: 'relay', snapshot: '/snapshots' });
  });
});

describe('examples/snapshot/reload', unless(noKubectl), () => {
  const folder = 'examples/snapshot/reload';
  const pod = () => podOf(folder);
  const having = (name: string) => pod().find((each) => each.name === name);

  it('has the option for init and run, and the volume for run alone', () => {
    const given = pod().flatMap(({ name, env }) =>
      env.filter((each) => each.name === variable).map(({ value }) => [name, value]),
    );
    expect(given).toEqual([
      ['haproxy-peer-sync-init', '/snapshots'],
      ['haproxy-peer-sync', '/snapshots'],
    ]);
    const mounts = pod().filter(({ volumeMounts }) =>
      volumeMounts.some(
        ({ name, mountPath }) => name === 'snapshots' && mountPath === '/snapshots',
      ),
    );
    expect(mounts.map(({ name }) => name)).toEqual(['haproxy-peer-sync']);
  });

  it('starts all replicas together, each with a volume', () => {
    const [set] = kustomize(folder).flatMap((each) => claims.safeParse(each).data ?? []);
    expect(set?.spec.podManagementPolicy).toBe('Parallel');
    expect(set?.spec.volumeClaimTemplates.map(({ metadata }) => metadata.name)).toEqual([
      'snapshots',
    ]);
  });

  it('is examples/statefulset in everything else', () => {
    const bare = (of: string) =>
      podOf(of).map(({ env, volumeMounts, ...rest }) => ({
        ...rest,
        env: env.filter(({ name }) => name !== variable),
        volumeMounts: volumeMounts.filter(({ name }) => name !== 'snapshots'),
      }));
    expect(bare(folder)).toEqual(bare('examples/statefulset'));
  });

  it.each(['init', 'run'] as const)('has options that %s takes', (command) => {
    const name = command === 'init' ? 'haproxy-peer-sync-init' : 'haproxy-peer-sync';
    const given: Record<string, string> = {
      ...{ POD_NAME: 'haproxy-0', POD_NAMESPACE: 'edge', POD_IP: '10.0.0.1', POD_IPS: '10.0.0.1' },
    };
    for (const { name: key, value } of having(name)?.env ?? [])
      if (value !== undefined) given[key] = value;
    const args = z.array(z.string()).parse(having(name)?.args);
    const { config } = loadConfig(command, args.slice(1), given);
    expect(config).toMatchObject({ mode: 'reload', snapshot: '/snapshots' });
  });
});
