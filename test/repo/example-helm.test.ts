import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { exposed, ours, podOf, tokenHolders } from '../helpers/example-exposure.ts';
import { type Manifest, manifestsOf, workloadsOf } from '../helpers/example-manifests.ts';
import { oneFamily, traits } from '../helpers/example-traits.ts';
import {
  chartManifests,
  merged,
  modelOfChart,
  noChart,
  renderedChart,
  type Values,
} from '../helpers/haproxy-chart.ts';
import { unless } from '../helpers/skip.ts';

const values: Values = parse(readFileSync('examples/helm/values.yaml', 'utf8'), { merge: true });
const beside = ['rbac', 'pdb'].flatMap((name) =>
  manifestsOf(readFileSync(`examples/helm/${name}.yaml`, 'utf8')),
);

const service = z.looseObject({
  kind: z.literal('Service'),
  spec: z.looseObject({
    type: z.string(),
    ports: z.array(z.looseObject({ name: z.string(), port: z.number(), targetPort: z.string() })),
  }),
});

const ways = [
  ['a model of the chart', undefined, modelOfChart],
  ['the chart', noChart, chartManifests],
] as const;

function find(manifests: readonly Manifest[], kind: string): Manifest | undefined {
  return manifests.find((each) => each.kind === kind);
}

describe.each(ways)('examples/helm in %s', (_, missing, render) => {
  describe('as it is rendered', unless(missing), () => {
    const read = () => [...render(values), ...beside];

    it.each(Object.entries(traits))('%s', (_name, trait) => {
      const all = read();

      expect(workloadsOf(all)).toHaveLength(1);
      expect(workloadsOf(all).flatMap((workload) => trait(workload, all))).toEqual([]);
    });

    it('is reached over IPv4 and IPv6', () => {
      const data = z.object({ 'haproxy.cfg': z.string() }).parse(find(read(), 'ConfigMap')?.data);

      expect(oneFamily(data['haproxy.cfg'])).toEqual([]);
    });

    it('gives a token to nobody but the containers that need one', () => {
      expect(tokenHolders(podOf(read()))).toEqual(ours);
    });

    it('turns no Service of the namespace into environment variables', () => {
      expect(podOf(read()).enableServiceLinks).toBe(false);
    });

    // Whoever makes the Service public publishes what is in it.
    it.each(['ClusterIP', 'NodePort', 'LoadBalancer'])(
      'has a Service of type %s for what HAProxy serves, and no other port',
      (type) => {
        const all = render(merged(values, { service: { type } }));
        const services = all.flatMap((each) => service.safeParse(each).data ?? []);

        expect(exposed(all)).toEqual([]);
        expect(services.map(({ spec }) => [spec.type, spec.ports])).toEqual([
          [type, [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'http' }]],
        ]);
      },
    );
  });
});

it('would see a port that nobody asked for', () => {
  const all = modelOfChart({ ...values, containerPorts: { http: 80, peers: 3000 } });

  expect(exposed(all)).toEqual(['peers']);
});

describe('the model of the chart', unless(noChart), () => {
  const spec = (manifests: readonly Manifest[], kind: string) => {
    const found = find(manifests, kind);
    // The chart writes a text as `|+`, so that blank lines before the next manifest, which Helm 4 prints, belong to it.
    const text = JSON.parse(
      JSON.stringify(found?.spec ?? found?.data ?? null, (_, value: unknown) =>
        typeof value === 'string' ? value.replace(/\n+$/, '\n') : value,
      ),
    );
    // Of the whole ConfigMap: the chart's own way to roll out a change.
    delete text?.template?.metadata?.annotations?.['checksum/environment'];
    return text;
  };

  it('is rendered from the file as from its values', () => {
    expect(manifestsOf(renderedChart('examples/helm/values.yaml'))).toEqual(chartManifests(values));
  });

  it.each([
    ['the example', values],
    ['ports as the chart has them', { ...values, containerPorts: undefined }],
    ['the peers port among them', { ...values, containerPorts: { http: 80, peers: 3000 } }],
    ['a token for all', { ...values, serviceAccount: {} }],
  ])('makes the same of %s', (_, given) => {
    const chart = chartManifests(given);
    const model = modelOfChart(JSON.parse(JSON.stringify(given)));

    for (const kind of ['Service', 'Deployment', 'ConfigMap'])
      expect(spec(model, kind)).toEqual(spec(chart, kind));
  });
});
