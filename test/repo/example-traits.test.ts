import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { exampleFolders, kustomize, noKubectl, workloadsOf } from '../helpers/example-manifests.ts';
import { oneFamily, traits } from '../helpers/example-traits.ts';
import { unless } from '../helpers/skip.ts';

const withConfig = z.looseObject({ data: z.looseObject({ 'haproxy.cfg': z.string() }) });

describe.each(exampleFolders)('%s', unless(noKubectl), (folder) => {
  const read = () => kustomize(folder);

  it.each(Object.entries(traits))('%s', (_, trait) => {
    const all = read();

    expect(workloadsOf(all).flatMap((workload) => trait(workload, all))).toEqual([]);
  });

  it('is reached over IPv4 and IPv6', () => {
    const configs = read().flatMap((each) => withConfig.safeParse(each).data ?? []);

    expect(configs.flatMap(({ data }) => oneFamily(data['haproxy.cfg']))).toEqual([]);
  });
});

it('has examples that a workload is in, and others that add to one', () => {
  const withoutWorkload = exampleFolders.filter(
    (folder) => workloadsOf(kustomize(folder)).length === 0,
  );

  expect(withoutWorkload).toEqual([
    ...['examples/backends-external', 'examples/monitoring', 'examples/tls/cert-manager'],
  ]);
});

it('has no folder whose traits nobody looks at', () => {
  const folders = readdirSync('examples').map((name) => join('examples', name));
  const rendered = new Set(exampleFolders);

  // Components are rendered with what they are part of; the chart and compose have tests of their own.
  expect(folders.filter((folder) => !rendered.has(folder))).toEqual([
    'examples/docker-compose',
    'examples/helm',
    'examples/image',
    'examples/networkpolicy',
  ]);
});

describe('examples/docker-compose', () => {
  const { services } = z
    .object({
      services: z.record(
        z.string(),
        z.object({ image: z.string(), mem_limit: z.string(), mem_reservation: z.string() }),
      ),
    })
    .parse(parse(readFileSync('examples/docker-compose/compose.yaml', 'utf8'), { merge: true }));

  it('says what every container needs, and may have, and its version', () => {
    // `${VARIABLE:-what it is without}`.
    const names = Object.values(services).map(({ image }) =>
      image.replace(/^\$\{\w+:-(.*)\}$/, '$1'),
    );
    for (const name of names) expect(name).toMatch(/:(?!latest$)[\w.-]+$/);
  });

  it('is reached over IPv4 and IPv6', () => {
    expect(oneFamily(readFileSync('examples/docker-compose/haproxy.cfg', 'utf8'))).toEqual([]);
  });
});
