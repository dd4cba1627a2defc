import { expect, it } from 'vitest';
import type { Observed } from '../../../../src/model/observed.ts';
import type { View } from '../../../../src/modules/relay/pairing/view.ts';
import { type Partner, relayReadiness } from '../../../../src/modules/relay/ready.ts';

const view: View = { worker: 'w', learned: true, fresh: false, entries: 1 };
const observed = (resync: 'learned' | 'pending'): Observed => ({
  ...{ kind: 'up', worker: { pid: 1, startedAtSeconds: 1 } },
  state: {
    section: 'p',
    localName: 'self',
    tables: [],
    resync,
    handedOver: false,
    peers: [],
    entries: 0,
  },
});

function partner(more: Partial<Partner>, member: Partial<Partner['member']> = {}): Partner {
  return {
    member: { name: 'b', address: '10.0.0.2', terminating: false, ...member },
    ...{ view, paired: true, slot: 's1', knownSinceMs: 0, ...more },
  };
}

const judge = (
  partners: readonly Partner[],
  nowMs = 0,
  resync: 'learned' | 'pending' = 'learned',
) =>
  relayReadiness(
    {
      synced: true,
      leftOut: [],
      observed: observed(resync),
      partners,
      joinTimeoutMs: 60_000,
      restore: null,
    },
    nowMs,
  ).reasons;

it.each([
  ['it is alone', [], []],
  ['it has a session with each', [partner({})], []],
  ['a link is missing', [partner({ view: undefined })], ['no link to b']],
  ['a session is missing', [partner({ paired: false })], ['no session with b']],
  [
    'a HAProxy elsewhere does not answer, which may hold what nobody else has',
    [partner({ view: null, paired: false })],
    ['HAProxy does not answer at b'],
  ],
  ['that one has not started yet', [partner({ view: null }, { serving: false })], []],
  ['that one is about to go', [partner({ view: null }, { terminating: true })], []],
])('a replica is ready, or says why not: %s', (_, partners, reasons) => {
  expect(judge(partners)).toEqual(reasons);
});

it.each([{ view: undefined }, { view: null }, { paired: false }])(
  'waits for nobody longer than the join timeout: %o',
  (more) => {
    expect(judge([partner(more)], 59_999)).toHaveLength(1);
    expect(judge([partner(more)], 60_000)).toEqual([]);
    expect(judge([partner(more)], 60_000, 'pending')).toEqual(['own resync is not finished']);
  },
);
