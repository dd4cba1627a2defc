import { describe, expect, it } from 'vitest';
import { exposed, ours, podOf, tokenHolders } from '../helpers/example-exposure.ts';
import { kustomize, noKubectl } from '../helpers/example-manifests.ts';
import { unless } from '../helpers/skip.ts';

const rendered = [
  ['examples/deployment', ours],
  ['examples/statefulset', ours],
  ['examples/daemonset', ours],
  ['examples/tls', ours],
  ['examples/service', ours],
  ['examples/dns', []],
  ['examples/relay', ['haproxy-peer-sync']],
  ['examples/relay/statefulset', ['haproxy-peer-sync']],
  ['examples/relay/tls', ['haproxy-peer-sync']],
  ['examples/relay/daemonset', ['haproxy-peer-sync']],
  ['examples/existing', ours],
] as const;

describe.each(rendered)('%s', unless(noKubectl), (folder, holders) => {
  const read = () => kustomize(folder);

  it('gives a token to nobody but the containers that need one', () => {
    expect(tokenHolders(podOf(read()))).toEqual(holders);
  });

  it('keeps Services of the namespace from the Data Plane API, which obeys such variables', () => {
    const { enableServiceLinks, containers } = podOf(read());
    const api = containers.find(({ name }) => name === 'dataplaneapi');

    // In a Deployment of somebody else a haproxy.cfg may need them.
    if (enableServiceLinks !== false) expect(api?.args?.join()).toContain('env -i PATH=');
  });

  it('hands neither the peers port nor that of the sidecar to a Service', () => {
    expect(exposed(read())).toEqual([]);
  });
});
