import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { envName, optionsOf } from '../../src/config/options.ts';
import { loadConfig } from '../../src/config/validate.ts';
import type { CommandName } from '../../src/model/option.ts';
import { kustomize, noKubectl } from '../helpers/example-manifests.ts';
import { unless } from '../helpers/skip.ts';

const examples = [
  ['examples/deployment', 'Deployment'],
  ['examples/statefulset', 'StatefulSet'],
  ['examples/daemonset', 'DaemonSet'],
] as const;

const container = z.object({
  name: z.string(),
  image: z.string(),
  imagePullPolicy: z.string(),
  args: z.array(z.string()).default([]),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.array(z.string()) }),
  }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
});
const workload = z.object({
  kind: z.string(),
  spec: z.object({
    template: z.object({
      spec: z.object({
        initContainers: z.array(container),
        containers: z.array(container),
        volumes: z.array(z.looseObject({ name: z.string() })),
      }),
    }),
  }),
});

function readWorkload(folder: string, kind: string) {
  const documents = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8'), { merge: true }))
    .map((document): unknown => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS();
    });
  const found = documents
    .map((document) => workload.safeParse(document).data)
    .find((one) => one?.kind === kind);
  if (found === undefined) throw new Error(`${folder} has no ${kind}`);
  const pod = found.spec.template.spec;
  const containers = [...pod.initContainers, ...pod.containers];
  const ours = containers.filter(isOurs);
  return { pod, containers, ours };
}

/** With or without a registry; a tag is set by examples/image. */
function isOurs({ image }: { readonly image: string }): boolean {
  return /(^|\/)haproxy-peer-sync(:|$)/.test(image);
}

/** Containers of ours, wherever they stand in a manifest or in the values of a chart. */
function ownContainers(value: unknown): readonly z.infer<typeof container>[] {
  if (Array.isArray(value)) return value.flatMap(ownContainers);
  const found = container.safeParse(value).data;
  if (found !== undefined && isOurs(found)) return [found];
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(ownContainers)
    : [];
}

describe.each(['examples/existing/component/workload.yaml', 'examples/helm/values.yaml'])(
  '%s',
  (path) => {
    const [document] = parseAllDocuments(readFileSync(path, 'utf8'), { merge: true });
    const ours = ownContainers(document?.toJS());

    it('has init and sidecar, each with flags and variables that the program reads', () => {
      expect(ours.map(({ args }) => args[0])).toEqual(['init', 'run']);

      for (const { args, env } of ours) {
        const known = [...optionsOf(args[0] as CommandName), ...optionsOf('doctor')];
        const flags = known.map(({ name }) => `--${name}`);
        expect(flags).toEqual(
          expect.arrayContaining(args.slice(1).map((arg) => arg.split('=')[0])),
        );
        const variables = known.flatMap((option) => [envName(option), ...(option.env ?? [])]);
        expect(variables).toEqual(expect.arrayContaining(env.map(({ name }) => name)));
      }
    });

    it('mounts the same folders in all containers that share files', () => {
      const mounts = ours.map(({ volumeMounts }) =>
        volumeMounts.map(({ name }) => name.replace(/^haproxy-peer-sync-/, '')),
      );

      for (const names of mounts) {
        expect(names).toEqual(expect.arrayContaining(['etc', 'run', 'podinfo']));
      }
    });
  },
);

const composeServices = z.object({
  services: z.record(
    z.string(),
    z.object({
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      volumes: z.array(z.string()).default([]),
    }),
  ),
});

describe('examples/docker-compose', () => {
  const text = readFileSync('examples/docker-compose/compose.yaml', 'utf8');
  const services = z
    .record(
      z.string(),
      z.object({
        image: z.string(),
        command: z.array(z.string()).optional(),
        network_mode: z.string().optional(),
        environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
        volumes: z.array(z.string()).default([]),
      }),
    )
    .parse(parseAllDocuments(text, { merge: true })[0]?.toJS().services);

  it('has four services for each replica, in one network and on the same volumes', () => {
    for (const number of [1, 2, 3]) {
      for (const name of ['init', 'haproxy', 'sync']) {
        const service = services[`${name}-${number}`];
        expect(service?.network_mode).toBe(`service:net-${number}`);
        expect(service?.volumes).toEqual(
          expect.arrayContaining([`etc-${number}:/etc/haproxy-peer-sync`]),
        );
      }
      expect(services[`net-${number}`]?.image).toMatch(/^\$\{HAPROXY_PEER_SYNC_IMAGE:-/);
      // A volume in memory is there as long as somebody uses it, and init ends.
      expect(services[`net-${number}`]?.volumes).toEqual([
        `etc-${number}:/etc/haproxy-peer-sync`,
        `run-${number}:/var/run/haproxy`,
      ]);
    }
  });

  it('gives init and run flags and variables that they read', () => {
    const ours = Object.values(services).filter(({ environment }) => environment !== undefined);
    expect(ours).toHaveLength(6);

    for (const { command = [], environment = {} } of ours) {
      const known = [...optionsOf(command[0] as CommandName), ...optionsOf('doctor')];
      const variables = known.flatMap((option) => [envName(option), ...(option.env ?? [])]);
      expect(variables).toEqual(expect.arrayContaining(Object.keys(environment)));
      const flags = known.map(({ name }) => `--${name}`);
      expect(flags).toEqual(
        expect.arrayContaining(command.slice(1).map((arg) => arg.split('=')[0])),
      );
    }
  });
});

describe('examples/docker-compose/relay.yaml', () => {
  const file = (name: string) => {
    const text = readFileSync(`examples/docker-compose/${name}`, 'utf8');
    return composeServices.parse(parseAllDocuments(text, { merge: true })[0]?.toJS()).services;
  };
  const base = file('compose.yaml');
  const relay = file('relay.yaml');
  /** As compose merges both files. */
  const merged = Object.entries(relay).map(([name, added]) => {
    const before = base[name];
    if (before === undefined) throw new Error(`compose.yaml has no ${name}`);
    const given = { ...before.environment, ...added.environment };
    return {
      name,
      command: before.command ?? [],
      env: Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)])),
      volumes: [...before.volumes, ...added.volumes],
    };
  });

  it('makes each init and sidecar one of relay mode, with a uid of its own', () => {
    const ours = Object.keys(base).filter((name) => /^(init|sync)-/.test(name));
    expect(merged.map(({ name }) => name).toSorted()).toEqual(ours.toSorted());

    for (const { name, command, env } of merged) {
      const [which, ...flags] = command;
      const { config } = loadConfig(which === 'init' ? 'init' : 'run', flags, env);
      const number = name.split('-')[1];
      expect(config).toMatchObject({
        ...{ mode: 'relay', relayTrust: 'key', podUid: `edge-${number}`, source: 'dns' },
        haproxyConfig: '/etc/haproxy-peer-sync/haproxy.cfg',
      });
    }
  });

  it('mounts the key where it is looked for, for nobody else', () => {
    for (const { env, volumes } of merged) {
      expect(volumes).toContain(
        `./relay:${dirname(env.HAPROXY_PEER_SYNC_RELAY_KEY_FILE ?? '')}:ro`,
      );
    }
  });
});

describe.each(examples)('%s', (folder, kind) => {
  const { pod, containers, ours } = readWorkload(folder, kind);

  it('has the containers that the documentation names', () => {
    expect(pod.initContainers.map(({ name }) => name)).toEqual([
      'haproxy-peer-sync-init',
      'haproxy-peer-sync',
    ]);
    expect(pod.containers.map(({ name }) => name)).toEqual(['haproxy', 'dataplaneapi']);
  });

  it('runs each of our containers with a command and flags that exist', () => {
    expect(ours.map(({ args }) => args[0])).toEqual(['init', 'run']);

    for (const { args } of ours) {
      const command = args[0] as CommandName;
      const known = optionsOf(command).map((option) => `--${option.name}`);
      expect(known).toEqual(expect.arrayContaining(args.slice(1).map((arg) => arg.split('=')[0])));
    }
  });

  it('sets only environment variables that the program reads', () => {
    for (const { args, env } of ours) {
      const known = optionsOf(args[0] as CommandName).flatMap((option) => [
        envName(option),
        ...(option.env ?? []),
      ]);
      expect(known).toEqual(expect.arrayContaining(env.map(({ name }) => name)));
    }
  });

  it('differs from the Deployment in what it must only', () => {
    const shared = ({
      pod: { initContainers, containers: rest },
    }: ReturnType<typeof readWorkload>) =>
      [...initContainers, ...rest].map(({ args, env, volumeMounts, ...same }) => ({
        ...same,
        // TLS where no NetworkPolicy applies: examples/daemonset.
        volumeMounts: volumeMounts.filter(({ name }) => name !== 'tls'),
      }));

    expect(shared({ pod, containers, ours })).toEqual(
      shared(readWorkload('examples/deployment', 'Deployment')),
    );
  });

  it('mounts only volumes that exist', () => {
    const volumes = pod.volumes.map(({ name }) => name);

    const mounted = containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name));

    expect([...new Set(mounted)].sort()).toEqual([...volumes].sort());
  });

  it('pins its images and drops every capability', () => {
    for (const { image, imagePullPolicy, securityContext } of containers) {
      // The tag of ours: test/repo/images.test.ts.
      if (!isOurs({ image })) expect(image).toMatch(/:(?!latest$)[\w.-]+$/);
      expect(imagePullPolicy).toBe('IfNotPresent');
      expect(securityContext.capabilities.drop).toEqual(['ALL']);
    }
  });
});

function deploymentOf(folder: string) {
  return kustomize(folder)
    .map((document) => workload.safeParse(document).data)
    .find((found) => found?.kind === 'Deployment')?.spec.template.spec;
}

const overlays = [
  [
    'examples/tls',
    [
      { name: 'HAPROXY_PEER_SYNC_PEERS_TLS', value: 'true' },
      { name: 'HAPROXY_PEER_SYNC_PEERS_TLS_VERIFY_HOST', value: 'haproxy-peers' },
    ],
  ],
  ['examples/service', [{ name: 'HAPROXY_PEER_SYNC_SERVICE', value: 'haproxy' }]],
  ['examples/dns', [{ name: 'HAPROXY_PEER_SYNC_DNS', value: 'haproxy-peers' }]],
] as const;

describe.each(overlays)('%s', unless(noKubectl), (folder, variables) => {
  const names: readonly string[] = variables.map(({ name }) => name);

  it('sets variables that the program reads, for init and run alike', () => {
    const ours = deploymentOf(folder)?.initContainers ?? [];
    const known = optionsOf('run').map((option) => envName(option));

    const sets = ours.map(({ env }) => env.filter(({ name }) => known.includes(name)));

    expect(sets).toEqual([variables, variables]);
  });

  it('differs from examples/deployment in nothing else', () => {
    const bare = (of: string) => {
      const pod = deploymentOf(of);
      const containers = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
      return containers.map(({ env, volumeMounts, ...rest }) => ({
        ...rest,
        env: env.filter(({ name }) => !names.includes(name)),
        volumeMounts: volumeMounts.filter(({ name }) => !['tls', 'token'].includes(name)),
      }));
    };

    expect(bare(folder)).toEqual(bare('examples/deployment'));
  });
});

describe('examples/dns', unless(noKubectl), () => {
  it('has no right and no token', () => {
    const kinds = kustomize('examples/dns').map(
      (document) => z.looseObject({ kind: z.string() }).parse(document).kind,
    );
    const pod = deploymentOf('examples/dns');

    expect(kinds.filter((kind) => kind.startsWith('Role'))).toEqual([]);
    expect(JSON.stringify(pod)).not.toContain('serviceaccount');
    expect(pod?.volumes.map(({ name }) => name)).not.toContain('token');
  });

  it('asks for the headless Service that has replicas which are not ready', () => {
    const services = kustomize('examples/dns').map(
      (document) =>
        z.looseObject({ kind: z.literal('Service'), spec: z.unknown() }).safeParse(document).data,
    );

    expect(services).toContainEqual(
      expect.objectContaining({
        metadata: expect.objectContaining({ name: 'haproxy-peers' }),
        spec: expect.objectContaining({ clusterIP: 'None', publishNotReadyAddresses: true }),
      }),
    );
  });
});

describe('examples/service', unless(noKubectl), () => {
  it('may read the slices of its namespace, and no pod', () => {
    const role = kustomize('examples/service')
      .map((document) => z.looseObject({ kind: z.literal('Role') }).safeParse(document).data)
      .find((found) => found !== undefined);

    expect(role?.rules).toEqual([
      {
        apiGroups: ['discovery.k8s.io'],
        resources: ['endpointslices'],
        verbs: ['get', 'list', 'watch'],
      },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    ]);
  });
});

describe('examples/tls', unless(noKubectl), () => {
  const secretVolume = z.object({
    name: z.literal('tls'),
    secret: z.object({ secretName: z.string(), defaultMode: z.number() }),
  });
  it('mounts the Secret where the program looks for it, into our containers only', () => {
    const pod = deploymentOf('examples/tls');
    const containers = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
    const defaults = optionsOf('run').flatMap(({ name, default: value }) =>
      /^peers-tls-(certificate|key|ca)$/.test(name) ? [dirname(value ?? '')] : [],
    );

    const holders = containers.filter(({ volumeMounts }) =>
      volumeMounts.some(({ name }) => name === 'tls'),
    );
    const paths = holders.flatMap(({ volumeMounts }) =>
      volumeMounts.flatMap(({ name, mountPath }) => (name === 'tls' ? [mountPath] : [])),
    );

    expect(holders.map(({ name }) => name)).toEqual([
      'haproxy-peer-sync-init',
      'haproxy-peer-sync',
    ]);
    expect([...new Set([...paths, ...defaults])]).toEqual(['/etc/haproxy-tls']);
  });

  it('keeps the key from everybody else: not world-readable, and in memory only', () => {
    const volumes = deploymentOf('examples/tls')?.volumes ?? [];

    const tls = secretVolume.parse(volumes.find(({ name }) => name === 'tls'));

    expect(tls.secret.defaultMode & 0o007).toBe(0);
    expect(volumes.find(({ name }) => name === 'etc')).toMatchObject({
      emptyDir: { medium: 'Memory' },
    });
  });

  it('has a Certificate of cert-manager for that Secret and name, for both sides of a connection', () => {
    const certificate = kustomize('examples/tls/cert-manager').find(
      (document) =>
        z
          .object({
            metadata: z.object({ name: z.literal('haproxy-peers') }),
            kind: z.literal('Certificate'),
          })
          .safeParse(document).success,
    );
    const tls = secretVolume.parse(
      deploymentOf('examples/tls')?.volumes.find(({ name }) => name === 'tls'),
    );

    expect(certificate).toMatchObject({
      spec: {
        secretName: tls.secret.secretName,
        dnsNames: ['haproxy-peers'],
        usages: expect.arrayContaining(['server auth', 'client auth']),
      },
    });
  });
});
