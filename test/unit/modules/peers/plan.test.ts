import { describe, expect, it } from 'vitest';
import { changedEntries, hasChanges } from '../../../../src/model/changes.ts';
import type { Membership } from '../../../../src/model/membership.ts';
import { unknownMembership } from '../../../../src/model/membership.ts';
import type { PeersSection } from '../../../../src/model/peers-section.ts';
import { expectedPeers } from '../../../../src/modules/peers/expected.ts';
import { planPeers } from '../../../../src/modules/peers/plan.ts';
import { entry, member, membership, section, self } from '../../../helpers/members.ts';

const settings = { port: 3000, keep: new Set<string>(), expected: [] };

function changesOf(desired: Membership, actual: PeersSection, keep: readonly string[] = []) {
  const plan = planPeers(desired, actual, self(), { ...settings, keep: new Set(keep) });
  if (plan.kind !== 'changes') throw new Error(`held: ${plan.reasons.join()}`);
  return plan;
}

function names(entries: readonly { name: string }[]): string[] {
  return entries.map(({ name }) => name);
}

describe('planPeers', () => {
  it('finds nothing when members and section agree', () => {
    const plan = changesOf(membership('a', 'b'), section(['a', 'b']));

    expect(hasChanges(plan.changes)).toBe(false);
    expect(plan.reasons).toEqual([]);
  });

  it('adds who joined, updates who moved, removes who is gone, and says so', () => {
    const desired = membership('a', 'b', member('c', { address: '10.0.0.33' }));

    const plan = changesOf(desired, section(['a', 'c', 'd']));

    expect(names(plan.changes.add)).toEqual(['b']);
    expect(plan.changes.update).toEqual([entry('c', { address: '10.0.0.33' })]);
    expect(names(plan.changes.remove)).toEqual(['d']);
    expect(plan.reasons).toEqual([
      'b joined at 10.0.0.2',
      'c moved from 10.0.0.3 to 10.0.0.33',
      'd is gone',
    ]);
  });

  it('never removes a peer that is written with a variable: no pod is', () => {
    const unset = entry('"${DR_NAME}"', { address: '192.0.2.1', variable: 'unset' });
    const set = entry('dr', { address: '192.0.2.2', writtenName: '"$DR"', variable: 'set' });

    expect(hasChanges(changesOf(membership('a'), section(['a', unset, set])).changes)).toBe(false);
  });

  it('adds no own entry beside one that only HAProxy can read', () => {
    const own = entry('"$ME"', { address: '0.0.0.0', variable: 'unset' });

    const plan = planPeers(membership('a'), section([own]), self(), settings);

    expect(plan).toMatchObject({ kind: 'hold', code: 'own-name-unknown' });
    expect(plan.reasons.join()).toContain('"$ME"');
  });

  it('updates a port that differs', () => {
    const plan = changesOf(membership('a', 'b'), section(['a', entry('b', { port: 1024 })]));

    expect(plan.changes.update).toEqual([entry('b')]);
  });

  it('keeps a terminating member until it is gone', () => {
    const plan = changesOf(
      membership('a', member('b', { terminating: true })),
      section(['a', 'b']),
    );

    expect(hasChanges(plan.changes)).toBe(false);
  });

  it('neither adds nor moves a member that is about to go', () => {
    const leaving = { terminating: true, address: '10.0.0.99' };

    const unknown = changesOf(membership('a', member('b', leaving)), section(['a']));
    const moved = changesOf(membership('a', member('b', leaving)), section(['a', 'b']));

    expect(hasChanges(unknown.changes)).toBe(false);
    expect(hasChanges(moved.changes)).toBe(false);
  });

  it('declares expected peers once, whatever address their line has, and never removes them', () => {
    const expected = expectedPeers(self('web-1'), 3);
    const plan = (desired: Membership, actual: PeersSection) => {
      const result = planPeers(desired, actual, self('web-1'), { ...settings, expected });
      if (result.kind !== 'changes') throw new Error('held');
      return result.changes;
    };

    const missing = plan(membership('web-1', 'web-0'), section(['web-0', 'web-1']));
    const gone = plan(membership('web-1'), section(['web-0', 'web-1', 'web-2']));
    const beyond = plan(membership('web-1'), section(['web-0', 'web-1', 'web-2', 'web-3']));
    const arrived = plan(
      membership('web-1', member('web-0', { address: '10.0.0.7' })),
      section([...expected, 'web-1']),
    );

    expect(missing.add).toEqual([{ name: 'web-2', address: '127.0.0.1', port: 1 }]);
    expect(hasChanges(gone)).toBe(false);
    expect(names(beyond.remove)).toEqual(['web-3']);
    expect(arrived).toMatchObject({ add: [], remove: [], update: [{ address: '10.0.0.7' }] });
  });

  it('never removes, moves or renames the own entry', () => {
    const own = entry('a', { address: '0.0.0.0', port: 9999, writtenName: '"$HOSTNAME"' });

    const plan = changesOf(membership('a'), section([own]));

    expect(hasChanges(plan.changes)).toBe(false);
  });

  it('adds the own entry when it is missing', () => {
    const plan = changesOf(membership('a', 'b'), section(['b']));

    expect(names(plan.changes.add)).toEqual(['a']);
    expect(plan.reasons).toEqual(['own entry a is missing']);
  });

  it('keeps foreign peers that were named, whatever their address and port', () => {
    const actual = section(['a', entry('outside', { address: '192.0.2.1', port: 1024 })]);

    expect(hasChanges(changesOf(membership('a'), actual, ['outside']).changes)).toBe(false);
    expect(names(changesOf(membership('a'), actual).changes.remove)).toEqual(['outside']);
  });

  it('creates a missing section with every member', () => {
    const plan = changesOf(membership('a', 'b'), section([], { exists: false }));

    expect(plan.changes.create).toBe(true);
    expect(names(plan.changes.add)).toEqual(['a', 'b']);
  });

  it('fills an empty section', () => {
    const plan = changesOf(membership('a', 'b'), section([]));

    expect(plan.changes.create).toBe(false);
    expect(names(plan.changes.add)).toEqual(['a', 'b']);
  });

  it.each([
    ['the members are not known', unknownMembership('no answer yet'), section(['a', 'b'])],
    ['the members do not include this pod', membership('b'), section(['a', 'b'])],
    ['nobody is there at all', membership(), section(['a', 'b'])],
    ['the applier would lose something', membership('a'), section(['a'], { obstacles: ['x'] })],
    ['a bind section lacks its own server', membership('a'), section(['b'], { style: 'server' })],
  ])('holds when %s', (_, desired, actual) => {
    const plan = planPeers(desired, actual, self(), settings);

    expect(plan.kind).toBe('hold');
    expect(plan.reasons).not.toEqual([]);
  });

  it('is idempotent for a thousand members', () => {
    const many = Array.from({ length: 1000 }, (_, index) =>
      member(`pod-${index}`, { address: `10.1.${index >> 8}.${index & 255}` }),
    );
    const desired = membership('a', ...many);
    const before = section(['a', 'gone', entry('pod-1')]);

    const { changes } = changesOf(desired, before);
    const after = { ...before, entries: changedEntries(before, changes) };

    expect(after.entries).toHaveLength(1001);
    expect(hasChanges(changesOf(desired, after).changes)).toBe(false);
  });

  it('holds while TLS is asked for and the section has none, or is missing', () => {
    const tls = { ...settings, tls: true };
    const plain = planPeers(membership('a', 'b'), section(['a']), self(), tls);
    const missing = planPeers(membership('a'), section([], { exists: false }), self(), tls);
    const good = planPeers(membership('a'), section(['a'], { encrypted: true }), self(), tls);

    expect(plain).toMatchObject({
      kind: 'hold',
      reasons: [expect.stringContaining('--peers-tls')],
    });
    expect(missing.kind).toBe('hold');
    expect(good.kind).toBe('changes');
  });

  it('leaves the line for lessons alone, and holds where a replica has its name', () => {
    const lesson = entry('lesson', { address: '10.0.0.1' });
    const actual = section(['a', 'b'], { lesson });

    expect(hasChanges(changesOf(membership('a', 'b'), actual).changes)).toBe(false);
    const held = planPeers(membership('a', 'b', 'lesson'), actual, self(), settings);
    expect(held).toMatchObject({ kind: 'hold', code: 'section-unmodelled' });
    expect(held.reasons.join()).toContain('a replica is called lesson');
  });
});
