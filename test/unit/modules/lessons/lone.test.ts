import { expect, it } from 'vitest';
import type { PeersState } from '../../../../src/model/peers-state.ts';
import { isLone, type LoneInput } from '../../../../src/modules/lessons/lone.ts';

const peer = (name: string, local: boolean) => ({
  ...{ name, local, address: '127.0.0.1:3000', established: false, lastStatus: 'NONE' },
});
const state: PeersState = {
  ...{ section: 'haproxy-peers', resync: 'pending', localName: 'a', tables: ['sessions'] },
  ...{ handedOver: undefined, peers: [peer('a', true)], hasLesson: true, entries: 0 },
};
const worker = { pid: 1, startedAtSeconds: 1 };
const member = (name: string) => ({ name, address: '127.0.0.1', terminating: false });
const membership = { synced: true, members: [member('a')], notes: [], awaited: 0, observedAtMs: 1 };
const lone: LoneInput = {
  ...{ membership, selfName: 'a', isBusy: false },
  observed: { kind: 'up', state, worker },
};
const with_ = (part: Partial<PeersState>): Partial<LoneInput> => ({
  observed: { kind: 'up', state: { ...state, ...part }, worker },
});

it.each([
  ['nobody else is there', {}, true],
  ['not even this pod is listed', { membership: { ...membership, members: [] } }, true],
  [
    'there is another member',
    { membership: { ...membership, members: [member('a'), member('b')] } },
    false,
  ],
  ['the members are not known yet', { membership: { ...membership, synced: false } }, false],
  ['a reload waits', { isBusy: true }, false],
  [
    'its section has a peer that is no replica',
    with_({ peers: [peer('a', true), peer('x', false)] }),
    false,
  ],
  ['it has learned', with_({ resync: 'learned' }), false],
  ['it has not found anybody', with_({ resync: 'alone' }), false],
  ['HAProxy says what is not known', with_({ resync: 'unknown' }), false],
  [
    'HAProxy does not answer',
    { observed: { kind: 'down', why: 'nobody listens' } as const },
    false,
  ],
  [
    'HAProxy has not the section',
    { observed: { kind: 'up', state: null, worker } as const },
    false,
  ],
])(
  'a HAProxy is told that there is nothing to learn: %s',
  (_, part: Partial<LoneInput>, expected) => {
    expect(isLone({ ...lone, ...part })).toBe(expected);
  },
);

it('a section without the line for lessons is none of ours', () => {
  const { hasLesson: _, ...without } = state;
  expect(isLone({ ...lone, observed: { kind: 'up', state: without, worker } })).toBe(false);
});
