import { expect, it } from 'vitest';
import { judgeHello } from '../../../../../src/modules/relay/bridge/admission.ts';
import { member } from '../../../../helpers/members.ts';

const input = {
  hello: { to: 'a', from: 'b', pid: 10 },
  selfName: 'a',
  members: [member('a'), member('b')],
  address: '10.0.0.2',
  linked: new Set<string>(),
} as const;

it.each([
  ['a member from its address', {}, 'accept'],
  ['who only asks, from anywhere', { address: undefined }, 'accept'],
  ['who means another pod', { hello: { to: 'c', from: 'b', pid: 10 } }, 503],
  ['who is no member', { hello: { to: 'a', from: 'x', pid: 10 } }, 504],
  [
    'who calls itself as we do',
    { hello: { to: 'a', from: 'a', pid: 10 }, address: '10.0.0.1' },
    504,
  ],
  ['a member from another address', { address: '10.0.0.7' }, 504],
  ['who is linked', { linked: new Set(['b']) }, 504],
  ['everybody, while nobody is known', { members: [] }, 504],
  ['who is no member, and only asks', { members: [], address: undefined }, 504],
])('%s: %o', (_, part, outcome) => {
  const verdict = judgeHello({ ...input, ...part });
  expect(verdict.kind === 'accept' ? 'accept' : verdict.status).toBe(outcome);
});
