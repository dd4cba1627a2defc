import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { CommandName } from '../../src/config/option.ts';
import { envName, optionsOf } from '../../src/config/options.ts';

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
  env: z.array(z.object({ name: z.string() })).default([]),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.array(z.string()) }),
  }),
  volumeMounts: z.array(z.object({ name: z.string() })).default([]),
});
const workload = z.object({
  kind: z.string(),
  spec: z.object({
    template: z.object({
      spec: z.object({
        initContainers: z.array(container),
        containers: z.array(container),
        volumes: z.array(z.object({ name: z.string() })),
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
  const ours = containers.filter(({ image }) => image.startsWith('haproxy-peer-sync:'));
  return { pod, containers, ours };
}

/** Containers of ours, wherever they stand in a manifest or in the values of a chart. */
function ownContainers(value: unknown): readonly z.infer<typeof container>[] {
  if (Array.isArray(value)) return value.flatMap(ownContainers);
  const found = container.safeParse(value).data;
  if (found?.image.startsWith('haproxy-peer-sync:')) return [found];
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
      const mounts = ours.map(({ volumeMounts }) => volumeMounts.map(({ name }) => name));

      for (const names of mounts) {
        expect(names).toEqual(expect.arrayContaining(['etc', 'run', 'podinfo']));
      }
    });
  },
);

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
      [...initContainers, ...rest].map(({ args, env, ...same }) => same);

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
      expect(image).toMatch(/:(?!latest$)[\w.-]+$/);
      expect(imagePullPolicy).toBe('IfNotPresent');
      expect(securityContext.capabilities.drop).toEqual(['ALL']);
    }
  });
});
