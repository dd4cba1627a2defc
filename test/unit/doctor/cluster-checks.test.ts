import { describe, expect, it } from 'vitest';
import { dnsCache } from '../../../src/doctor/dns-check.ts';
import type { Check, Facts, OwnPodFact, ServiceFact } from '../../../src/doctor/facts.ts';
import { mesh } from '../../../src/doctor/mesh-check.ts';
import { servicePorts } from '../../../src/doctor/service-ports-check.ts';
import { addressOf } from '../../helpers/dataplane-address.ts';

const options = {
  ...{ peersPort: 3000, statusPort: 8405, joinTimeoutMs: 60_000, dnsIntervalMs: 2000 },
  dataplaneUrl: addressOf('http://127.0.0.1:5555'),
};
const pod: OwnPodFact = {
  ...{ labels: {}, annotations: {}, initContainers: ['init'], containers: ['haproxy', 'sync'] },
  ports: [
    { name: 'http', port: 8080 },
    { name: 'peers', port: 3000 },
    { name: 'sync', port: 8405 },
  ],
  graceSeconds: 30,
};

const forbidden = { ok: false, why: '403: no', code: 'KUBERNETES_FORBIDDEN' } as const;

function look(check: Check, facts: Partial<Facts>) {
  // Each check looks at few of them.
  return check({ options, ...facts } as unknown as Facts);
}

describe('mesh', () => {
  const of = (part: Partial<OwnPodFact>) =>
    look(mesh, { ownPod: { ok: true, value: { ...pod, ...part } } });
  const istio = 'traffic.sidecar.istio.io/exclude';

  it('has nothing to say without one, or where the API server is not asked', () => {
    expect(of({})).toEqual([]);
    expect(look(mesh, {})).toEqual([]);
  });

  it('says that it could not look, why, and what rule it takes', () => {
    expect(look(mesh, { ownPod: forbidden })).toEqual([
      {
        ...{ check: 'mesh', level: 'skipped' },
        what: 'could not look: the Role does not let this pod be read',
        mend: expect.stringContaining('resources: ["pods"], verbs: ["get"]'),
      },
    ]);
    expect(look(mesh, { ownPod: { ok: false, why: 'ECONNREFUSED' } })).toMatchObject([
      { level: 'skipped', what: 'could not look at this pod: ECONNREFUSED' },
    ]);
  });

  it.each<[string, Partial<OwnPodFact>]>([
    ['Istio', { containers: ['haproxy', 'istio-proxy'] }],
    ['Istio', { initContainers: ['istio-proxy', 'init'] }],
    [
      'Istio',
      { containers: ['istio-proxy'], annotations: { [`${istio}InboundPorts`]: '3000,8405' } },
    ],
    [
      'Istio',
      {
        containers: ['istio-proxy'],
        annotations: { [`${istio}InboundPorts`]: '3000', [`${istio}OutboundPorts`]: '3000,8405' },
      },
    ],
    ['Linkerd', { containers: ['linkerd-proxy'] }],
  ])('%s without the ports left alone is a failure: %j', (name, part) => {
    const [first] = of(part);

    expect(first).toMatchObject({ check: 'mesh', level: 'failure' });
    expect(first?.what).toContain(`${name} is in this pod`);
    expect(first?.mend).toContain('"3000,8405"');
  });

  it.each<[Partial<OwnPodFact>]>([
    [
      {
        containers: ['istio-proxy'],
        annotations: {
          [`${istio}InboundPorts`]: '8405, 3000',
          [`${istio}OutboundPorts`]: '443,3000,8405',
        },
      },
    ],
    [
      {
        containers: ['linkerd-proxy'],
        annotations: {
          'config.linkerd.io/skip-inbound-ports': '3000-8405',
          'config.linkerd.io/skip-outbound-ports': '3000,8405',
        },
      },
    ],
  ])('is well where both directions are left alone: %j', (part) => {
    expect(of(part)).toMatchObject([{ level: 'ok' }]);
  });
});

describe('service-ports', () => {
  const service = (part: Partial<ServiceFact>): ServiceFact => {
    return {
      name: 'web',
      type: 'ClusterIP',
      headless: false,
      ports: [{ port: 80, target: 'http' }],
      ...part,
    };
  };
  const of = (...services: readonly ServiceFact[]) =>
    look(servicePorts, {
      ownPod: { ok: true, value: pod },
      services: { ok: true, value: services },
    });

  it.each<[string, Partial<ServiceFact>]>([
    ['clients only', {}],
    ['a headless one', { headless: true, ports: [{ port: 3000, target: 'peers' }] }],
    ['one for Prometheus', { ports: [{ port: 8405, target: 'sync' }] }],
    ['a name that the pod does not have', { ports: [{ port: 3000, target: 'else' }] }],
  ])('is well with %s', (_, part) => {
    expect(of(service(part))).toMatchObject([{ level: 'ok' }]);
  });

  it.each<[Partial<ServiceFact>, string, RegExp]>([
    [{ ports: [{ port: 3000, target: 'peers' }] }, 'warning', /port 3000: the tables/],
    [
      { type: 'LoadBalancer', ports: [{ port: 1, target: 3000 }] },
      'failure',
      /LoadBalancer.* port 3000/,
    ],
    [{ type: 'NodePort', ports: [{ port: 8405, target: 'sync' }] }, 'failure', /port 8405: names/],
    [{ ports: [{ port: 80, target: 5555 }] }, 'warning', /the Data Plane API controls HAProxy/],
  ])('names a port that nobody asked for: %j', (part, level, what) => {
    const [first] = of(service({}), service(part));

    expect(first).toMatchObject({
      check: 'service-ports',
      level,
      what: expect.stringMatching(what),
    });
    expect(first?.mend).toContain('rawContainerPorts');
  });

  it('has nothing to say where there are none, or the API server is not asked', () => {
    expect(of()).toEqual([]);
    expect(look(servicePorts, {})).toEqual([]);
  });

  it.each<[string, Partial<Facts>, RegExp]>([
    [
      'Services',
      { ownPod: { ok: true, value: pod }, services: forbidden },
      /Role: \{[^{]*"services"[^{]*"list"\]\}$/,
    ],
    [
      'this pod and Services',
      { ownPod: forbidden, services: forbidden },
      /"pods".*"get".*"services".*"list"/,
    ],
  ])('says that it could not look at %s, why, and what rules it takes', (what, facts, mend) => {
    expect(look(servicePorts, facts)).toEqual([
      {
        ...{ check: 'service-ports', level: 'skipped', mend: expect.stringMatching(mend) },
        what: `could not look: the Role does not let ${what} be read`,
      },
    ]);
  });
});

describe('dns-cache', () => {
  const of = (ttlSeconds: number) => look(dnsCache, { dns: { ok: true, value: { ttlSeconds } } });

  it('is well where siblings hear in time', () => {
    expect(of(5)).toMatchObject([{ level: 'ok', what: expect.stringContaining('5 s') }]);
    expect(of(57)).toMatchObject([{ level: 'ok' }]);
    expect(look(dnsCache, {})).toEqual([]);
  });

  it('fails where a new pod has started before', () => {
    const [first] = of(300);

    expect(first).toMatchObject({
      level: 'failure',
      what: expect.stringMatching(/300 s, and init waits 60 s/),
    });
    expect(first?.mend).toContain('--join-timeout 604s');
    expect(of(58)).toMatchObject([{ level: 'failure' }]);
  });

  it('warns where it cannot be known', () => {
    expect(look(dnsCache, { dns: { ok: false, why: 'ENOTFOUND' } })).toMatchObject([
      { level: 'warning' },
    ]);
  });
});
