import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/config/validate.ts';
import { examineSums } from '../../src/modules/aggregate/section/examine.ts';
import { withSums } from '../../src/modules/aggregate/section/render.ts';
import { renderRelayCfg } from '../../src/modules/relay/section/render.ts';
import { localName } from '../../src/modules/relay/section/slots.ts';
import { kustomize, noKubectl, workloadsOf } from '../helpers/example-manifests.ts';
import { relayInput } from '../helpers/relay-input.ts';
import { unless } from '../helpers/skip.ts';

const variable = 'HAPROXY_PEER_SYNC_AGGREGATE';

function podOf(folder: string) {
  const [workload] = workloadsOf(kustomize(folder));
  if (workload === undefined) throw new Error(`no workload in ${folder}`);
  const { initContainers, containers } = workload.spec.template.spec;
  return [...initContainers, ...containers];
}

describe('examples/rate-limit', unless(noKubectl), () => {
  it('is examples/relay with one variable of the sidecar', () => {
    const bare = (folder: string) =>
      podOf(folder).map(({ env, ...rest }) => ({
        ...rest,
        env: env.filter(({ name }) => name !== variable),
      }));
    // The name of a ConfigMap is made of its content.
    const plain = (folder: string) =>
      JSON.parse(JSON.stringify(bare(folder)).replace(/haproxy-config-\w+/g, 'haproxy-config'));
    expect(plain('examples/rate-limit')).toEqual(plain('examples/relay'));
    const having = podOf('examples/rate-limit').filter(({ env }) =>
      env.some(({ name, value }) => name === variable && value === 'true'),
    );
    expect(having.map(({ name }) => name)).toEqual(['haproxy-peer-sync']);
  });

  it('has options that run takes', () => {
    const sidecar = podOf('examples/rate-limit').find(({ name }) => name === 'haproxy-peer-sync');
    const args = z.array(z.string()).parse(sidecar?.args);
    const env = Object.fromEntries(
      (sidecar?.env ?? []).map(({ name, value }) => [name, value ?? '10.0.0.1']),
    );
    const { config } = loadConfig('run', args.slice(1), {
      ...env,
      ...{ POD_NAME: 'haproxy-0', POD_NAMESPACE: 'edge' },
    });
    expect(config).toMatchObject({ mode: 'relay', aggregate: true });
  });
});

describe('the haproxy.cfg of examples/rate-limit', () => {
  const template = readFileSync('examples/rate-limit/haproxy.cfg', 'utf8');
  const rendered = renderRelayCfg(relayInput(template));
  const made = withSums({
    ...{ text: rendered.text, localName, adminSocket: '/var/run/haproxy/admin.sock' },
    ...{ port: 3002, suffix: '.sum' },
  });

  it('is one for relay mode, with nothing to warn of', () => {
    expect([...rendered.warnings, ...made.warnings]).toEqual([]);
  });

  it('sums the requests of a client', () => {
    const { tables, faults } = examineSums(made.text, { suffix: '.sum' });
    expect(faults).toEqual([]);
    expect(tables).toEqual([{ name: 'rate', targets: ['rate.sum'] }]);
  });
});
