import { expect, it } from 'vitest';
import type { Observed } from '../../../../src/model/observed.ts';
import { neverSeen, ownOf } from '../../../../src/modules/relay/own-haproxy.ts';
import { state } from '../../../helpers/members.ts';

const up = (pid: number, startedAtSeconds: number): Observed => ({
  ...{ kind: 'up', worker: { pid, startedAtSeconds } },
  state: { ...state({ resync: 'learned' }), handedOver: false, entries: 3 },
});
const down: Observed = { kind: 'down', why: 'no answer' };

it('tells of a worker as it is', () => {
  expect(ownOf(neverSeen, up(8, 1000)).view).toEqual({
    ...{ worker: '8-1000', learned: true, fresh: true, entries: 3 },
  });
});

it('calls one worker the same for as long as it runs, however its start is rounded, and after a silence', () => {
  const names = [up(8, 1000), up(8, 1001), down, up(8, 999)].reduce(
    ({ own, seen }, observed) => {
      const next = ownOf(own, observed);
      return { own: next, seen: [...seen, next.view?.worker] };
    },
    { own: neverSeen, seen: [] as (string | undefined)[] },
  ).seen;
  expect(names).toEqual(['8-1000', '8-1000', undefined, '8-1000']);
});

it.each([
  ['another process', up(9, 1000)],
  ['the same number, long after', up(8, 1500)],
])('calls another worker otherwise: %s', (_, observed) => {
  const before = ownOf(neverSeen, up(8, 1000));
  expect(ownOf(before, observed).view?.worker).not.toBe('8-1000');
});
