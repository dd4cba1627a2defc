import { expect, it } from 'vitest';
import { createPods, uidOf } from '../../../../../src/modules/relay/bridge/pods.ts';
import { member, membership } from '../../../../helpers/members.ts';

function podsOf() {
  const dropped: string[] = [];
  const pods = createPods('a', ({ member: { name, address } }, why) => {
    dropped.push(`${name} ${address}: ${why}`);
  });
  const names = () => pods.all().map(({ member: { name } }) => name);
  return { pods, names, dropped };
}
const none: ReadonlySet<string> = new Set();

it('are the other members that no link is to', () => {
  const { pods, names, dropped } = podsOf();
  pods.update(membership('a', 'b', 'c'), new Set(['c']), 1);
  expect(names()).toEqual(['b']);
  pods.update(membership('a', 'b', 'c'), none, 2);
  expect(names()).toEqual(['b', 'c']);
  pods.update(membership('a', 'b', 'c'), new Set(['b', 'c']), 3);
  expect(names()).toEqual([]);
  expect(dropped).toEqual(['b 10.0.0.2: it is in relay mode', 'c 10.0.0.3: it is in relay mode']);
});

it('keep what is known of them as long as they are the same', () => {
  const { pods, dropped } = podsOf();
  pods.update(membership('a', member('b', { uid: 'u1' })), none, 1);
  const [first] = pods.all();
  pods.update(membership('a', member('b', { uid: 'u1', terminating: true })), none, 2);
  expect(pods.all()).toEqual([first]);
  expect(first?.member.terminating).toBe(true);
  pods.update(membership('a', member('b', { uid: 'u2' })), none, 3);
  expect(pods.all()[0]).not.toBe(first);
  expect(dropped).toEqual(['b 10.0.0.2: it is no member any more']);
});

it('under the same name at another address are others, where the source tells no uid', () => {
  const [old, next] = [member('b'), member('b', { address: '10.0.0.9' })];
  expect(uidOf(old)).not.toBe(uidOf(next));
  const { pods, dropped } = podsOf();
  pods.update(membership('a', old), none, 1);
  pods.update(membership('a', next), none, 2);
  expect(pods.get(next)?.member.address).toBe('10.0.0.9');
  expect(pods.get(old)).toBeUndefined();
  expect(dropped).toEqual(['b 10.0.0.2: it is no member any more']);
});

it('stay while the members are not known', () => {
  const { pods, names, dropped } = podsOf();
  pods.update(membership('a', 'b'), none, 1);
  pods.update({ ...membership(), synced: false }, none, 2);
  expect(names()).toEqual(['b']);
  expect(dropped).toEqual([]);
});
