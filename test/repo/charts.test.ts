import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { envName, optionsOf } from '../../src/config/options.ts';
import type { CommandName } from '../../src/model/option.ts';
import { notInRelayMode } from '../../src/modules/relay/options/relations.ts';
import { kustomizeText, noKubectl, textWithComponent } from '../helpers/example-manifests.ts';
import { documentsOf, helm, noHelm, renderChart } from '../helpers/helm.ts';
import { unless } from '../helpers/skip.ts';
import { suiteFolder } from '../helpers/test-folder.ts';
import { charts, readSchema, readValues, valueRows } from '../tools/charts.ts';
import { readProject } from '../tools/release/project.ts';

const missing = [noHelm, noKubectl].filter((each) => each !== undefined);
const lacks = missing.length === 0 ? undefined : missing.join(', ');

const object = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

function kustomize(folder: string): readonly unknown[] {
  return documentsOf(kustomizeText(folder));
}

/** What Helm writes beside the labels of the example: it says nothing of what the objects do. */
const helmLabels = ['app.kubernetes.io/version', 'app.kubernetes.io/managed-by', 'helm.sh/chart'];
const chartSelector = 'app.kubernetes.io/instance=haproxy,app.kubernetes.io/name=haproxy';
const named = z.array(z.looseObject({ name: z.string() }));

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The same text for the same objects: without what the two tools add, and with lists whose order means nothing sorted. */
function plain(value: unknown, key = '', example = 'haproxy'): unknown {
  if (Array.isArray(value)) {
    const items = value.map((each) => plain(each, '', example));
    if (['env', 'volumes', 'volumeMounts'].includes(key))
      return named.parse(items).toSorted((a, b) => compare(a.name, b.name));
    return items;
  }
  if (typeof value === 'string') {
    // A ConfigMap of kustomize has a hash of its content in its name; the chart's is in an annotation of the pod.
    return value
      .replace(/^(haproxy-config)-[0-9a-z]{10}$/, '$1')
      .replace(chartSelector, `app=${example}`);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name]) => !helmLabels.includes(name) && name !== 'checksum/config')
    .map(([name, each]) => {
      if (name === 'app.kubernetes.io/name') return ['app', example] as const;
      return [name, plain(each, name, example)] as const;
    })
    .filter(([name]) => name !== 'app.kubernetes.io/instance');
  return Object.fromEntries(entries.toSorted(([a], [b]) => compare(a, b)));
}

/** Objects by kind and name. */
function objects(documents: readonly unknown[], example?: string): Record<string, unknown> {
  return Object.fromEntries(
    documents.map((document) => {
      const bare = plain(document, '', example);
      const { kind, metadata } = object.parse(bare);
      return [`${kind} ${metadata.name}`, bare];
    }),
  );
}

/** Objects of examples that are no part of what is compared, or that have no labels there. */
function withoutLabels(all: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(all).map(([name, each]) => {
      const { metadata, ...rest } = object.parse(each);
      return [name, { ...rest, metadata: { ...metadata, labels: undefined } }];
    }),
  );
}

const tls = ['peerSync.tls.enabled=true'];
const { exampleImage } = readProject();
const pairs = [
  ['examples/deployment', []],
  ['examples/service', ['peerSync.source.type=service']],
  ['examples/dns', ['peerSync.source.type=dns']],
  ['examples/tls', tls],
  ['examples/lessons', ['peerSync.lessons=true']],
  // Lessons are always given there, and the option is refused.
  ['examples/relay', ['peerSync.mode=relay', 'peerSync.lessons=true']],
  ['examples/relay', ['peerSync.mode=relay']],
  ['examples/relay/tls', ['peerSync.mode=relay', ...tls]],
] as const;

describe('the chart haproxy', unless(lacks), () => {
  it.each(pairs)('makes what %s makes', (folder, set) => {
    // The examples may take what is built here, as long as nobody publishes.
    const same = [`image.repository=${exampleImage.name}`, `image.tag=${exampleImage.tag}`];
    const image = same.map((each) => `peerSync.${each}`);
    const chart = withoutLabels(
      objects(renderChart(charts.application, { set: [...set, ...image] })),
    );

    expect(chart).toEqual(withoutLabels(objects(kustomize(folder))));
  });

  it('makes what examples/tls/cert-manager makes', () => {
    const set = [...tls, 'certManager.enabled=true'];
    const before = Object.keys(objects(renderChart(charts.application, { set: tls })));

    const added = Object.entries(
      withoutLabels(objects(renderChart(charts.application, { set }))),
    ).filter(([name]) => !before.includes(name));

    expect(Object.fromEntries(added)).toEqual(
      withoutLabels(objects(kustomize('examples/tls/cert-manager'))),
    );
  });

  it('makes what examples/monitoring makes', () => {
    const set = ['podMonitor', 'rules', 'dashboard'].map(
      (each) => `monitoring.${each}.enabled=true`,
    );
    const chart = objects(renderChart(charts.application, { set }));
    const name = 'haproxy-peer-sync';

    const example = objects(kustomize('examples/monitoring'));

    for (const kind of ['PodMonitor', 'PrometheusRule'])
      expect(chart[`${kind} ${name}`]).toEqual(example[`${kind} ${name}`]);
    expect(object.parse(chart[`ConfigMap ${name}-dashboard`]).data).toEqual(
      object.parse(example[`ConfigMap ${name}-dashboard`]).data,
    );
  });

  it('makes the NetworkPolicy of examples/networkpolicy', () => {
    const set = ['networkPolicy.enabled=true'];
    const chart = objects(renderChart(charts.application, { set }), 'edge');

    const example = objects(kustomize('examples/existing'), 'edge');

    expect(object.parse(chart['NetworkPolicy haproxy-peers']).spec).toEqual(
      object.parse(example['NetworkPolicy haproxy-peers']).spec,
    );
  });

  it('makes the NetworkPolicy of examples/relay/networkpolicy', () => {
    const set = ['networkPolicy.enabled=true', 'peerSync.mode=relay'];
    const chart = objects(renderChart(charts.application, { set }));
    const example = objects(
      documentsOf(textWithComponent('examples/relay', 'examples/relay/networkpolicy')),
    );

    expect(object.parse(chart['NetworkPolicy haproxy-peers']).spec).toEqual(
      object.parse(example['NetworkPolicy haproxy-peers']).spec,
    );
  });

  it('moves everything that lessons need with their port, and opens it between the replicas alone', () => {
    const set = ['lessons=true', 'relay.port=4001'].map((each) => `peerSync.${each}`);
    const text = JSON.stringify(
      renderChart(charts.application, { set: [...set, 'networkPolicy.enabled=true'] }),
    );

    expect(text).toContain('{"name":"HAPROXY_PEER_SYNC_RELAY_PORT","value":"4001"}');
    expect(text).toContain('{"containerPort":4001,"name":"relay"}');
    const port = (number: number) => `{"port":${number},"protocol":"TCP"}`;
    expect(text).toContain(`"ports":[${port(3000)},${port(8405)},${port(4001)}]`);
    expect(text).not.toContain('3001');
  });

  it('has siblings of its own release alone, whatever the release is called', () => {
    const text = JSON.stringify(renderChart(charts.application, { name: 'edge' }));

    expect(text).toContain(
      '--selector=app.kubernetes.io/instance=edge,app.kubernetes.io/name=haproxy',
    );
    expect(text).toContain('"name":"edge-haproxy"');
  });

  it('takes a haproxy.cfg as it is, and rolls out another one', () => {
    const config = 'global\n    maxconn {{ 7 }}\n';
    const annotation = (documents: readonly unknown[]) =>
      /"checksum\/config":"(\w+)"/.exec(JSON.stringify(documents))?.[1];

    const ours = renderChart(charts.application, { set: [`template=${config}`] });

    expect(JSON.stringify(ours)).toContain(JSON.stringify(config));
    expect(annotation(ours)).toMatch(/^[0-9a-f]{64}$/);
    expect(annotation(ours)).not.toBe(annotation(renderChart(charts.application)));
  });

  it('leaves the number of replicas to an autoscaler', () => {
    const [found] = renderChart(charts.application, { set: ['replicas=null'] })
      .map((document) => object.parse(document))
      .filter(({ kind }) => kind === 'Deployment');

    expect(z.looseObject({}).parse(found?.spec).replicas).toBeUndefined();
  });

  it('has no Data Plane API with applier direct', () => {
    const text = JSON.stringify(
      renderChart(charts.application, { set: ['peerSync.applier=direct'] }),
    );

    expect(text).not.toContain('"name":"dataplaneapi"');
    expect(text).not.toContain('"name":"tmp"');
    expect(text).toContain('{"name":"HAPROXY_PEER_SYNC_APPLIER","value":"direct"}');
  });

  it.each([
    ['the usual values', []],
    ['another folder', ['peerSync.config.folder=/etc/own']],
    ['applier direct', ['peerSync.applier=direct']],
    ['a name instead of an API server', ['peerSync.source.type=dns']],
  ])('gives no flag or variable in mode relay that it refuses, with %s', (_what, set) => {
    const text = JSON.stringify(
      renderChart(charts.application, { set: ['peerSync.mode=relay', ...set] }),
    );
    const options = optionsOf('run').filter(({ name }) => name in notInRelayMode);

    expect(options.length).toBeGreaterThan(0);
    expect(
      options.flatMap((each) => [envName(each)]).filter((name) => text.includes(name)),
    ).toEqual([]);
    expect(options.filter(({ name }) => text.includes(`"--${name}`))).toEqual([]);
  });

  it('moves everything that leads to a sidecar with its port', () => {
    const set = ['mode=relay', 'relay.port=4001', 'source.type=dns'].map(
      (each) => `peerSync.${each}`,
    );
    const text = JSON.stringify(
      renderChart(charts.application, { set: [...set, 'networkPolicy.enabled=true'] }),
    );

    expect(text).toContain('{"name":"HAPROXY_PEER_SYNC_RELAY_PORT","value":"4001"}');
    expect(text).toContain('{"containerPort":4001,"name":"relay"}');
    expect(text).toContain('{"name":"peers","port":4001,"targetPort":"relay"}');
    expect(text).toContain('{"port":4001,"protocol":"TCP"}');
    expect(text).not.toMatch(/3000|3001/);
  });

  it('has one Certificate for the sidecars in mode relay, too, and no key', () => {
    const set = ['peerSync.mode=relay', ...tls, 'certManager.enabled=true'];

    const text = JSON.stringify(renderChart(charts.application, { set }));

    expect(text).toContain('"dnsNames":["haproxy-peers"]');
    expect(text).toContain('"secretName":"haproxy-peers-tls"');
    expect(text).not.toMatch(/haproxy-peer-sync-relay|PEERS_TLS/);
  });

  it('takes an image by its digest', () => {
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

    const text = JSON.stringify(
      renderChart(charts.application, { set: [`peerSync.image.digest=${digest}`] }),
    );

    expect(text).toMatch(new RegExp(`haproxy-peer-sync:[\\d.]+@${digest}"`));
  });

  it.each([
    ['a source that there is not', 'peerSync.source.type=consul'],
    ['a mode that there is not', 'peerSync.mode=mesh'],
    ['a value that there is not', 'replica=3'],
    ['a value of the library that there is not', 'peerSync.selector=app=x'],
    ['a digest that is none', 'image.digest=latest'],
    ['lessons with TLS between the peers', 'peerSync.lessons=true,peerSync.tls.enabled=true'],
  ])('refuses %s', (_what, set) => {
    expect(() => renderChart(charts.application, { set: [set] })).toThrow();
  });
});

describe('the charts', unless(lacks), () => {
  it.each(Object.values(charts))('%s passes the linter', (chart) => {
    expect(helm('lint', '--strict', chart)).toContain('0 chart(s) failed');
  });

  it('say in the Pod what a pod template has besides', () => {
    expect(() =>
      renderChart(charts.application, { set: ['peerSync.haproxyContainer=proxy'] }),
    ).toThrow('the pod has no container "proxy"');
  });
});

/** A chart of somebody else, with the library chart as in its README. */
const foreign = {
  'Chart.yaml':
    'apiVersion: v2\nname: edge\nversion: 1.0.0\ndependencies: [{ name: haproxy-peer-sync, version: ">=0.0.0-0", repository: "" }]\n',
  'values.yaml':
    'haproxy-peer-sync:\n  haproxyContainer: lb\n  config: { volume: cfg, folder: /etc/haproxy-peer-sync }\n  applier: direct\n  source: { selector: app=edge }\n',
  'templates/deployment.yaml': `{{- define "my.pod" -}}
metadata: { labels: { app: edge } }
spec:
  initContainers: [{ name: own, image: "own:1" }]
  containers:
    - { name: metrics, image: "metrics:1" }
    - name: lb
      image: haproxy:3.4
      args: [-f, /usr/local/etc/haproxy/haproxy.cfg]
      ports: [{ name: http, containerPort: 80 }]
      volumeMounts: [{ name: cfg, mountPath: /usr/local/etc/haproxy }]
  volumes: [{ name: cfg, configMap: { name: cfg } }]
{{- end }}
apiVersion: apps/v1
kind: Deployment
metadata: { name: edge }
spec:
  selector: { matchLabels: { app: edge } }
  template:
    {{- include "haproxy-peer-sync.pod" (dict "pod" (include "my.pod" . | fromYaml) "values" (index .Values "haproxy-peer-sync")) | nindent 4 }}
`,
} as const;

describe('the library chart in a chart of somebody else', unless(lacks), () => {
  const folder = suiteFolder();
  const podOf = (documents: readonly unknown[]) =>
    z
      .object({
        spec: z.object({
          template: z.object({
            spec: z.looseObject({
              initContainers: named,
              containers: named,
              volumes: named,
            }),
          }),
        }),
      })
      .parse(documents[0]).spec.template.spec;

  beforeAll(() => {
    for (const [path, text] of Object.entries(foreign)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    cpSync(charts.library, join(folder, 'charts', 'haproxy-peer-sync'), { recursive: true });
  });

  it('adds its containers and volumes, and leaves those that are there', () => {
    const { initContainers, containers, volumes } = podOf(renderChart(folder));

    expect(initContainers.map(({ name }) => name)).toEqual([
      'own',
      'haproxy-peer-sync-init',
      'haproxy-peer-sync',
    ]);
    expect(containers.map(({ name }) => name)).toEqual(['metrics', 'lb']);
    expect(containers[0]).toEqual({ name: 'metrics', image: 'metrics:1' });
    expect(volumes.map(({ name }) => name).toSorted()).toEqual([
      'cfg',
      'etc',
      'podinfo',
      'run',
      'token',
    ]);
  });

  it('gives HAProxy the command, the peers port and the mounts, and no arguments of before', () => {
    const [, lb] = podOf(renderChart(folder)).containers;

    expect(lb).toEqual({
      name: 'lb',
      image: 'haproxy:3.4',
      command: [
        ...['haproxy', '-W', '-db', '-S', '/var/run/haproxy/master.sock,mode,600'],
        ...['-f', '/etc/haproxy-peer-sync/haproxy.cfg'],
      ],
      ports: [
        { name: 'http', containerPort: 80 },
        { name: 'peers', containerPort: 3000 },
      ],
      volumeMounts: [
        { name: 'cfg', mountPath: '/usr/local/etc/haproxy' },
        { name: 'etc', mountPath: '/etc/haproxy-peer-sync' },
        { name: 'run', mountPath: '/var/run/haproxy' },
      ],
    });
  });

  it('gives its own containers flags and variables that they read', () => {
    const ours = z
      .array(
        z.object({
          args: z.array(z.string()),
          env: z.array(z.object({ name: z.string() })),
        }),
      )
      .parse(podOf(renderChart(folder)).initContainers.slice(1));

    for (const { args, env } of ours) {
      const known = optionsOf(args[0] as CommandName);
      const init = optionsOf('init');
      expect(known.map(({ name }) => `--${name}`)).toEqual(
        expect.arrayContaining(args.slice(1).map((arg) => arg.split('=')[0])),
      );
      // Those of init stand in both.
      const variables = [...known, ...init].flatMap((each) => [envName(each), ...(each.env ?? [])]);
      expect(variables).toEqual(expect.arrayContaining(env.map(({ name }) => name)));
    }
  });

  it('wants an image for the Data Plane API', () => {
    expect(() => renderChart(folder, { set: ['haproxy-peer-sync.applier=dataplane'] })).toThrow(
      'dataplaneapi.image is an image with dataplaneapi, socat',
    );
  });
});

describe.each(Object.values(charts))('the values of %s', (chart) => {
  const rows = valueRows(readSchema(chart), readValues(chart));

  it('each have a meaning and a default', () => {
    for (const [path, meaning, value] of rows) {
      expect(meaning, path).not.toBe('');
      expect(value, path).toBeDefined();
    }
  });

  it('each have a place in the schema', () => {
    const known = rows.map(([path]) => path);
    const leaves = (value: unknown, path: string): readonly string[] => {
      if (known.includes(path) || typeof value !== 'object' || value === null) return [path];
      return Object.entries(value).flatMap(([name, each]) =>
        leaves(each, path === '' ? name : `${path}.${name}`),
      );
    };

    expect(leaves(readValues(chart), '').filter((path) => !known.includes(path))).toEqual([]);
  });
});
