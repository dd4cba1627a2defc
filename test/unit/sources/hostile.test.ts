import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryProblem } from '../../../src/config-text/refuse-entry.ts';
import { isDnsName } from '../../../src/model/names.ts';
import { membersFromAddresses } from '../../../src/sources/addresses.ts';
import type { Chosen } from '../../../src/sources/choose-members.ts';
import { podSchema } from '../../../src/sources/kubernetes/pod-schema.ts';
import { sliceSchema } from '../../../src/sources/kubernetes/slice-schema.ts';
import { parseMembersFile } from '../../../src/sources/members-file.ts';
import { membersFromPods } from '../../../src/sources/pods.ts';
import { membersFromSlices } from '../../../src/sources/slices.ts';
import { anyAddress, anyName } from '../../helpers/hostile.ts';

const self = { name: 'web-0', address: '10.0.0.1' };

/** Whatever they come from, members can be written, and notes printed. */
function expectHarmless({ members, notes }: Chosen): void {
  for (const { name, address } of members) {
    expect(isDnsName(name), name).toBe(true);
    expect(entryProblem({ name, address, port: 3000 })).toBeUndefined();
  }
  for (const note of notes) expect(note).toMatch(/^[ -~]*$/);
}

const place = fc.record({ name: anyName, address: anyAddress });

describe('whoever may write a source', () => {
  it('gets no name or address of his own making in with a pod', () => {
    fc.assert(
      fc.property(fc.array(place), fc.constantFrom('pod', 'node'), (places, names) => {
        const pods = places
          .filter(({ name }) => name !== '')
          .map(({ name, address }) =>
            podSchema.parse({
              metadata: { name },
              spec: { nodeName: name, hostNetwork: true },
              status: { podIP: address },
            }),
          );
        expectHarmless(membersFromPods(pods, self, names));
      }),
    );
  });

  it('nor with an EndpointSlice, by the name of a pod or a hostname', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.boolean())), (places) => {
        const endpoints = places.map(([{ name, address }, byHost]) => ({
          addresses: [address],
          ...(byHost ? { hostname: name } : { targetRef: { kind: 'Pod', name } }),
        }));
        const slice = sliceSchema.parse({ metadata: { name: 's' }, endpoints });
        expectHarmless(membersFromSlices([slice], self, 'haproxy'));
      }),
    );
  });

  it('nor with DNS', () => {
    fc.assert(
      fc.property(fc.array(anyAddress), (addresses) => {
        expectHarmless(membersFromAddresses(addresses, self, 'replicas'));
      }),
    );
  });

  it('nor with a file, which then is no list at all', () => {
    fc.assert(
      fc.property(place, (found) => {
        try {
          const [one] = parseMembersFile(JSON.stringify([found]));
          expect(
            entryProblem({ name: one?.name ?? '', address: one?.addresses[0] ?? '', port: 1 }),
          ).toBeUndefined();
        } catch (error) {
          expect(error).toMatchObject({
            code: 'MEMBERS_FILE_INVALID',
            message: expect.stringMatching(/^[ -~]*$/),
          });
        }
      }),
    );
  });

  it('takes nobody else down: the others are members all the same', () => {
    const endpoints = [
      { addresses: ['10.0.0.2'], targetRef: { kind: 'Pod', name: 'x\nprogram p\n  command id' } },
      { addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'web-0' } },
      { addresses: ['10.0.0.3'], targetRef: { kind: 'Pod', name: 'web-1' } },
    ];
    const slice = sliceSchema.parse({ metadata: { name: 's' }, endpoints });

    const { members, notes, ignored } = membersFromSlices([slice], self, 'haproxy');

    expect(members.map(({ name }) => name)).toEqual(['web-0', 'web-1']);
    expect(ignored).toBe(1);
    expect(notes).toEqual([
      '"x\\u000aprogram p\\u000a  command id" is not the name of a pod, and is left out: check who can write it',
    ]);
  });
});
