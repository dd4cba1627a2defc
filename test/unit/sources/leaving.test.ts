import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membersFromPods, type PodFacts } from '../../../src/sources/pods.ts';
import { membersFromSlices } from '../../../src/sources/slices.ts';

/** A pod of a DaemonSet with hostNetwork as the API server shows it, some of its life's steps behind it. */
const pod = (name: string): fc.Arbitrary<PodFacts> =>
  fc.record({
    name: fc.constant(name),
    hostNode: fc.constant('node-1'),
    addresses: fc.constantFrom([], ['192.168.0.1']),
    terminating: fc.boolean(),
    finished: fc.boolean(),
  });

const names = ['daemon-a', 'daemon-b', 'daemon-c'] as const;

/** What is there at one moment: any of the pods that follow each other on a node, in any order. */
const moment = fc
  .tuple(...names.map((name) => fc.option(pod(name), { nil: undefined })))
  .chain((found) => {
    const pods = found.filter((each) => each !== undefined);
    return fc.shuffledSubarray(pods, { minLength: pods.length });
  });

describe('a pod that is called after its node', () => {
  it('leaves when it itself is being deleted, whoever follows it or went before', () => {
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 5 }), fc.constantFrom(...names), (life, own) => {
        const self = { name: 'node-1', podName: own, address: '192.168.0.1' };
        for (const pods of life) {
          const { leaving, members } = membersFromPods(pods, self, 'node');
          const ours = pods.find(({ name }) => name === own);

          expect(leaving === true).toBe(ours?.terminating === true);
          // Under one name there is one member, and it stays if any of them does.
          const alive = pods.filter(({ finished, name }) => !finished || name === own);
          expect(members).toHaveLength(alive.length === 0 ? 0 : 1);
          if (alive.length > 0) {
            const stays = alive.some(({ terminating }) => !terminating);
            expect(members[0]?.terminating).toBe(!stays);
          }
        }
      }),
    );
  });

  it('is not there because a finished pod was, under the same name', () => {
    const self = { name: 'node-1', podName: 'daemon-b', address: '192.168.0.1' };
    const old = { name: 'daemon-a', hostNode: 'node-1', addresses: ['192.168.0.1'] };

    const { members } = membersFromPods(
      [{ ...old, terminating: false, finished: true }],
      self,
      'node',
    );

    expect(members).toEqual([]);
  });
});

describe('a pod of a StatefulSet', () => {
  const self = { name: 'web-0', podName: 'web-0', address: '10.0.0.2' };
  const facts = { name: 'web-0', terminating: true, finished: false };

  it('does not leave because its predecessor of the same name did', () => {
    const stale = membersFromPods([{ ...facts, addresses: ['10.0.0.1'] }], self);
    const ours = membersFromPods([{ ...facts, addresses: ['10.0.0.2'] }], self);
    const unknown = membersFromPods([{ ...facts, addresses: [] }], self);

    expect([stale.leaving, ours.leaving, unknown.leaving]).toEqual([false, true, true]);
  });

  it('is told so by the endpoints of a Service, too', () => {
    const told = (address: string, terminating: boolean) =>
      membersFromSlices(
        [{ name: 's', endpoints: [{ name: 'web-0', addresses: [address], terminating }] }],
        self,
        'web',
      ).leaving;

    expect([told('10.0.0.1', true), told('10.0.0.2', true), told('10.0.0.2', false)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
