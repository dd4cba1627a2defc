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

describe('examples/snapshot', unless(noKubectl), () => {
  const set = () => {
    const found = kustomize('examples/snapshot').flatMap(
      (each) => claims.safeParse(each).data ?? [],
    );
    if (found[0] === undefined) throw new Error('no StatefulSet with claims');
    return found[0].spec;
  };

  it('has a volume for the sidecar of each replica, where the option looks for it', () => {
    const [claim, ...more] = set().volumeClaimTemplates.map(({ metadata }) => metadata.name);
    expect(more).toEqual([]);
    const mounted = podOf('examples/snapshot').flatMap(({ name, env, volumeMounts }) =>
      volumeMounts
        .filter((mount) => mount.name === claim)
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

  it('starts all replicas together, so that the one with the newest file is there', () => {
    expect(set().podManagementPolicy).toBe('Parallel');
  });

  it('is examples/relay/statefulset in everything else', () => {
    const bare = (folder: string) =>
      podOf(folder).map(({ env, volumeMounts, ...rest }) => ({
        ...rest,
        env: env.filter(({ name }) => name !== variable),
        volumeMounts: volumeMounts.filter(({ name }) => name !== 'snapshots'),
      }));
    expect(bare('examples/snapshot')).toEqual(bare('examples/relay/statefulset'));
  });

  it('has options that run takes', () => {
    const sidecar = podOf('examples/snapshot').find(({ name }) => name === 'haproxy-peer-sync');
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
