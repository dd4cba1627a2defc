import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Labels,
  matches,
  parseSelector,
  selectorProblem,
  selectorText,
} from '../../../src/model/selector.ts';
import { applicationSelector } from '../../../src/sources/application.ts';
import { leftOutOf, type PodOrigin, sameWorkload, widened } from '../../../src/sources/left-out.ts';
import { workloadOf } from '../../../src/sources/workload.ts';

function pod(name: string, labels: Labels, owner: PodOrigin['owner'] = null): PodOrigin {
  return { name, labels, owner };
}

/** A Deployment's pod: its ReplicaSet is called as the Deployment and the hash of the template. */
function replica(hash: string, template: Labels, deployment = 'edge', key = 'pod-template-hash') {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${deployment}-${hash}` };
  return pod(`${deployment}-${hash}-x`, { ...template, [key]: hash }, owner);
}

const keys = [
  'app',
  'app.kubernetes.io/name',
  'app.kubernetes.io/component',
  'k8s-app',
  'team',
  'x',
];
const template = fc.dictionary(fc.constantFrom(...keys), fc.constantFrom('a', 'b', ''), {
  noNullPrototype: true,
});
const identity = fc.constantFrom<Labels>(
  { app: 'haproxy' },
  { run: 'edge' },
  { 'app.kubernetes.io/instance': 'edge', release: '1' },
);
const hashKey = fc.constantFrom('pod-template-hash', 'rollouts-pod-template-hash');

describe('workloadOf', () => {
  it('is one for all revisions of a Deployment and of a Rollout', () => {
    for (const key of ['pod-template-hash', 'rollouts-pod-template-hash']) {
      const old = replica('5d9f', { app: 'a' }, 'edge', key);
      const young = replica('7c4b', { b: 'c' }, 'edge', key);

      expect(sameWorkload(old, young)).toBe(true);
      expect(workloadOf(old.labels, old.owner)).toBe('ReplicaSet.apps/edge');
    }
  });

  it('is another for another Deployment, kind or name, and none without a controller', () => {
    const own = replica('5d9f', { app: 'a' });
    const others = [
      replica('5d9f', { app: 'a' }, 'edge-canary'),
      pod('edge-0', { app: 'a' }, { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'edge' }),
      pod('edge', { app: 'a' }),
    ];

    expect(others.filter((other) => sameWorkload(own, other))).toEqual([]);
    expect(sameWorkload(pod('a', {}), pod('b', {}))).toBe(false);
  });

  it('is the DeploymentConfig for the pods of its ReplicationControllers', () => {
    const of = (name: string) => ({ apiVersion: 'v1', kind: 'ReplicationController', name });
    const labels = { deploymentconfig: 'edge' };

    expect(sameWorkload(pod('a', labels, of('edge-1')), pod('b', labels, of('edge-2')))).toBe(true);
  });
});

describe('widened', () => {
  const rows: readonly (readonly [string, string, Labels, Labels, string])[] = [
    ['stays where nobody is outside', 'app=a', { app: 'a' }, { app: 'a', team: 'b' }, 'app=a'],
    ['takes another value in', 'app=b', { app: 'b' }, { app: 'a' }, 'app in (b,a)'],
    [
      'gives up what an old one lacks',
      'app=a,k8s-app=c',
      { app: 'a', 'k8s-app': 'c' },
      { app: 'a' },
      'app=a',
    ],
    [
      'takes what they have in common',
      'app=a',
      { app: 'a', release: '1' },
      { release: '1', 'k8s-app': 'b' },
      'release=1',
    ],
    [
      'takes keys where the values differ',
      'app=a',
      { app: 'a', release: '1' },
      { release: '2' },
      'release in (1,2)',
    ],
  ];

  it.each(rows)('%s', (_, selector, own, other, expected) => {
    const next = widened(parseSelector(selector), [pod('own', own), pod('other', other)]);

    expect(next && selectorText(next)).toBe(expected);
  });

  it('falls back on the label of revisions, and on nothing at all', () => {
    const selector = parseSelector('app=a');
    const hash = { 'pod-template-hash': 'x' };

    const next = widened(selector, [pod('own', { app: 'a', ...hash }), pod('other', hash)]);

    expect(next && selectorText(next)).toBe('pod-template-hash');
    expect(widened(selector, [pod('own', { app: 'a' }), pod('other', {})])).toBeNull();
  });
});

describe('whatever a template change does to the labels', () => {
  it('old and new replicas select each other, by the labels of the application', () => {
    fc.assert(
      fc.property(
        identity,
        fc.array(template, { minLength: 2, maxLength: 4 }),
        hashKey,
        (selected, templates, key) => {
          const replicas = templates.map((labels, index) =>
            replica(`h${index}`, { ...labels, app: 'own', ...selected }, 'edge', key),
          );
          const stranger = pod('stranger', { other: 'x' });
          for (const own of replicas) {
            const base = applicationSelector(own.labels);
            const seen = (other: PodOrigin) =>
              matches(base, other.labels) || sameWorkload(own, other);

            const followed = widened(base, [...replicas, stranger].filter(seen));

            expect(followed).not.toBeNull();
            expect(selectorProblem(selectorText(followed ?? []))).toBeUndefined();
            const members = [...replicas, stranger].filter(
              (other) => matches(followed ?? [], other.labels) && seen(other),
            );
            expect(members).toEqual(replicas);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('a selector is never narrowed: whoever was selected stays so', () => {
    fc.assert(
      fc.property(
        identity,
        fc.array(template, { minLength: 1, maxLength: 4 }),
        fc.array(template, { maxLength: 4 }),
        (selected, before, after) => {
          const make = (labels: Labels, index: number) =>
            replica(`h${index}`, { ...labels, ...selected });
          const old = before.map(make);
          const all = [...old, ...after.map((labels, index) => make(labels, index + 10))];
          const own = old[0];
          if (own === undefined) return;
          const first = widened(applicationSelector({ app: 'x', ...own.labels }), old);
          const next = widened(first ?? [], all);

          const lost = old.filter((each) => !matches(next ?? [], each.labels));

          expect(lost).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('leftOutOf', () => {
  const own = replica('5d9f', { app: 'haproxy', team: 'edge' });
  const isSibling = ({ labels }: PodOrigin) => matches(parseSelector('team=edge'), labels);

  it('is replicas of the same workload, and others of the same application', () => {
    const old = replica('7c4b', { app: 'haproxy' });
    const canary = replica('1a2b', { app: 'haproxy' }, 'edge-canary');
    const client = pod('client', { app: 'client' });
    const sibling = replica('5d9f', { app: 'haproxy', team: 'edge' }, 'edge-b');

    expect(leftOutOf(own, [own, old, canary, client, sibling], isSibling)).toEqual({
      replicas: [old.name],
      alike: [canary.name],
    });
  });

  it('is nobody where all are siblings', () => {
    expect(leftOutOf(own, [own], isSibling)).toEqual({ replicas: [], alike: [] });
  });
});
