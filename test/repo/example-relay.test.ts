import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { envName, optionsOf } from '../../src/config/options.ts';
import { makeSecret } from '../../src/modules/relay/links/keys.ts';
import { notInRelayMode } from '../../src/modules/relay/options/relations.ts';
import { renderRelayCfg } from '../../src/modules/relay/section/render.ts';
import {
  kustomize,
  manifestsOf,
  noKubectl,
  textWithComponent,
  workloadsOf,
} from '../helpers/example-manifests.ts';
import { relayInput } from '../helpers/relay-input.ts';
import { unless } from '../helpers/skip.ts';

const ports = z.array(z.looseObject({ containerPort: z.number() })).default([]);
const serviceSchema = z.object({
  spec: z.object({ ports: z.array(z.object({ targetPort: z.string() })) }),
});
const waits = z.looseObject({
  lifecycle: z.object({
    postStart: z.object({ exec: z.object({ command: z.array(z.string()) }) }),
  }),
});
const volumesSchema = z.array(z.looseObject({ name: z.string() }));

function podOf(folder: string) {
  const [workload, ...more] = workloadsOf(kustomize(folder));
  if (workload === undefined || more.length > 0) throw new Error('not one workload');
  const pod = workload.spec.template.spec;
  return {
    pod,
    all: [...pod.initContainers, ...pod.containers],
    volumes: volumesSchema.parse(pod.volumes),
  };
}

const pairs = [
  ['examples/relay', 'examples/deployment'],
  ['examples/relay/statefulset', 'examples/statefulset'],
  ['examples/relay/daemonset', 'examples/daemonset'],
] as const;
/** What relay mode refuses, as flags and as variables; and what only a name of a node is made of. */
const refused = optionsOf('run').filter(({ name }) => name in notInRelayMode);
const leftOut = ['haproxy-peer-sync-init', 'dataplaneapi'];
const refusedNames = refused.map(envName);
const isRefused = (arg: string) => refused.some(({ name }) => arg.startsWith(`--${name}=`));

describe.each(pairs)('%s', unless(noKubectl), (folder, base) => {
  it('has our containers and HAProxy, and nothing else', () => {
    const { all } = podOf(folder);

    expect(all.map(({ name }) => name)).toEqual(['haproxy-peer-sync', 'haproxy']);
  });

  it(`differs from ${base} in variables, flags, mounts, ports and what HAProxy waits for`, () => {
    const differ = ['env', 'args', 'volumeMounts', 'ports', 'startupProbe', 'lifecycle'];
    const bare = (of: string) =>
      podOf(of)
        .all.filter(({ name }) => !leftOut.includes(name))
        .map((each) => Object.entries(each).filter(([key]) => !differ.includes(key)));

    expect(bare(folder)).toEqual(bare(base));
  });

  it(`has the flags and variables of ${base}, but for those that relay mode refuses`, () => {
    const given = (of: string) =>
      podOf(of)
        .pod.initContainers.filter(({ name }) => !leftOut.includes(name))
        .map(({ env, args }) => ({
          args: z.array(z.string()).parse(args),
          names: env.map(({ name }) => name),
        }));

    const expected = given(base).map(({ args, names }) => ({
      args: args.filter((arg) => !isRefused(arg)),
      names: [
        'HAPROXY_PEER_SYNC_MODE',
        'HAPROXY_PEER_SYNC_TEMPLATE',
        'POD_UID',
        ...names.filter((name) => !refusedNames.includes(name)),
      ],
    }));
    expect(given(folder)).toEqual(expected);
  });

  it('sets mode and uid by variables that the program reads', () => {
    const added = podOf(folder).pod.initContainers.map(({ env }) => {
      const known = optionsOf('run').flatMap((each) => [envName(each), ...(each.env ?? [])]);
      expect(known).toEqual(expect.arrayContaining(env.map(({ name }) => name)));
      return env.filter(({ name }) => name === 'HAPROXY_PEER_SYNC_MODE' || name === 'POD_UID');
    });

    const uid = { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } };
    expect(added).toEqual([[{ name: 'HAPROXY_PEER_SYNC_MODE', value: 'relay' }, uid]]);
  });

  it(`has the template that init has in ${base}, and HAProxy waits for the file that is made of it`, () => {
    const [init] = podOf(base).pod.initContainers;
    const [sidecar] = podOf(folder).pod.initContainers;
    const template = z
      .array(z.string())
      .parse(init?.args)
      .flatMap((arg) => arg.split('--template=').slice(1));
    const file = optionsOf('run').find(({ name }) => name === 'haproxy-config')?.default;

    const variable = sidecar?.env.find(({ name }) => name === 'HAPROXY_PEER_SYNC_TEMPLATE');
    expect([variable?.value]).toEqual(template);
    const mounts = (of: typeof init) => of?.volumeMounts.filter(({ name }) => name === 'template');
    expect(mounts(sidecar)).toEqual(mounts(init));
    expect(waits.parse(sidecar).lifecycle.postStart.exec.command.join(' ')).toContain(` ${file} `);
    expect(sidecar).not.toHaveProperty('startupProbe');
  });

  it('opens the port of the sidecar, and none of the peers protocol', () => {
    const opened = podOf(folder).all.flatMap((each) =>
      ports.parse(each.ports).map(({ containerPort }) => containerPort),
    );

    const relay = optionsOf('run').find(({ name }) => name === 'relay-port')?.default;
    expect(opened.toSorted()).toEqual([Number(relay), 8080, 8405]);
  });

  it('mounts the Secret where the program looks for it, into our containers only', () => {
    const { all, volumes } = podOf(folder);
    const file = optionsOf('run').find(({ name }) => name === 'relay-key-file')?.default ?? '';
    const mounts = all.flatMap(({ name, volumeMounts }) =>
      volumeMounts
        .filter((mount) => mount.name === 'relay')
        .map((mount) => ({ ...mount, by: name })),
    );

    expect(mounts).toEqual([
      { name: 'relay', mountPath: dirname(file), readOnly: true, by: 'haproxy-peer-sync' },
    ]);
    const secret = { secretName: 'haproxy-peer-sync-relay', defaultMode: 0o440 };
    expect(volumes.find(({ name }) => name === 'relay')).toEqual({ name: 'relay', secret });
  });

  it('mounts every volume', () => {
    const { all, volumes } = podOf(folder);
    const mounted = new Set(
      all.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name)),
    );

    expect([...mounted].toSorted()).toEqual(volumes.map(({ name }) => name).toSorted());
  });

  it('has no Service with a port that no container opens', () => {
    const names = podOf(folder).all.flatMap((each) =>
      z
        .array(z.looseObject({ name: z.string() }))
        .parse(each.ports ?? [])
        .map(({ name }) => name),
    );
    const targets = kustomize(folder)
      .filter(({ kind }) => kind === 'Service')
      .flatMap((each) => serviceSchema.parse(each).spec.ports.map(({ targetPort }) => targetPort));

    expect(names).toEqual(expect.arrayContaining(targets));
  });
});

describe('examples/relay/tls', unless(noKubectl), () => {
  const isTrust = (name: string) => name === 'relay' || name === 'tls';
  const bare = (of: string) =>
    podOf(of).all.map(({ env, volumeMounts, ...rest }) => ({
      ...rest,
      env: env.filter(({ name }) => name !== 'HAPROXY_PEER_SYNC_RELAY_TRUST'),
      volumeMounts: volumeMounts.filter(({ name }) => !isTrust(name)),
    }));

  it('differs from examples/relay in what the sidecars know each other by', () => {
    expect(bare('examples/relay/tls')).toEqual(bare('examples/relay'));
    const trusts = podOf('examples/relay/tls').all.map(
      ({ env }) => env.find(({ name }) => name === 'HAPROXY_PEER_SYNC_RELAY_TRUST')?.value,
    );
    expect(trusts).toEqual(['certificates', undefined]);
  });

  it('mounts the Secret of examples/tls/cert-manager in place of the key, into our containers only', () => {
    const { all, volumes } = podOf('examples/relay/tls');
    const mounts = all.flatMap(({ name, volumeMounts }) =>
      volumeMounts
        .filter((mount) => isTrust(mount.name))
        .map(({ mountPath }) => `${name} ${mountPath}`),
    );
    const defaults = optionsOf('run').flatMap(({ name, default: value }) =>
      /^peers-tls-(certificate|key|ca)$/.test(name) ? [dirname(value ?? '')] : [],
    );

    const [folder] = [...new Set(defaults)];
    expect(mounts).toEqual([`haproxy-peer-sync ${folder}`]);
    expect(volumes.filter(({ name }) => isTrust(name))).toEqual([
      { name: 'tls', secret: { secretName: 'haproxy-peers-tls', defaultMode: 0o440 } },
    ]);
    const certificates = kustomize('examples/tls/cert-manager').filter(
      ({ kind }) => kind === 'Certificate',
    );
    expect(certificates).toContainEqual(
      expect.objectContaining({
        spec: expect.objectContaining({
          secretName: 'haproxy-peers-tls',
          dnsNames: ['haproxy-peers'],
        }),
      }),
    );
  });
});

describe('examples/relay and what belongs to it', unless(noKubectl), () => {
  it('names the command that makes the Secret as errors do', () => {
    expect(readFileSync('examples/relay/README.md', 'utf8')).toContain(`\n${makeSecret}\n`);
  });

  it('has a component by which only replicas get to the sidecars', () => {
    const text = textWithComponent('examples/relay', 'examples/relay/networkpolicy');

    const policy = manifestsOf(text).find(({ kind }) => kind === 'NetworkPolicy');

    const replicas = { matchLabels: { app: 'haproxy' } };
    expect(policy?.spec).toEqual({
      podSelector: replicas,
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ podSelector: replicas }],
          ports: [
            { port: 3001, protocol: 'TCP' },
            { port: 8405, protocol: 'TCP' },
          ],
        },
        { ports: [{ port: 'http', protocol: 'TCP' }] },
      ],
    });
  });
});

it.each(['deployment', 'statefulset', 'daemonset', 'docker-compose'])(
  'the haproxy.cfg of examples/%s is one for relay mode, too',
  (folder) => {
    const template = readFileSync(`examples/${folder}/haproxy.cfg`, 'utf8');

    expect(renderRelayCfg(relayInput(template)).warnings).toEqual([]);
  },
);

describe('examples/relay/upgrade', unless(noKubectl), () => {
  const upgrade = { name: 'HAPROXY_PEER_SYNC_RELAY_UPGRADE', value: 'true' };

  it('is examples/relay with --relay-upgrade, and the port that it opens', () => {
    const option = optionsOf('run').find(({ name }) => name === 'relay-upgrade');
    expect(option && envName(option)).toBe(upgrade.name);
    const peers = optionsOf('run').find(({ name }) => name === 'peers-port')?.default;
    const [run, haproxy, ...more] = podOf('examples/relay/upgrade').all;
    expect([run?.env[0], more]).toEqual([upgrade, []]);
    const opened = ports.parse(run?.ports).map(({ containerPort }) => containerPort);
    expect(opened.toSorted()).toEqual([Number(peers), 3001, 8405]);
    const bare = (all: ReturnType<typeof podOf>['all']) =>
      all.map(({ env, ports: open, ...rest }) => ({
        ...{ ...rest, env: env.filter(({ name }) => name !== upgrade.name) },
        open: ports.parse(open).filter(({ containerPort }) => containerPort !== Number(peers)),
      }));
    expect(bare(podOf('examples/relay/upgrade').all)).toEqual(bare(podOf('examples/relay').all));
    expect(haproxy?.name).toBe('haproxy');
  });

  it('has a component that is for a StatefulSet, too', () => {
    const text = textWithComponent(
      'examples/relay/statefulset',
      'examples/relay/upgrade/component',
    );
    expect(text.match(/name: HAPROXY_PEER_SYNC_RELAY_UPGRADE/g)).toHaveLength(1);
  });
});
