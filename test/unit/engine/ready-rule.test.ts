import { describe, expect, it } from 'vitest';
import { type ReadinessInput, readiness } from '../../../src/engine/ready-rule.ts';
import { up } from '../../helpers/members.ts';

const good: ReadinessInput = {
  synced: true,
  additionsPending: false,
  decision: 'none',
  observed: up(),
};

describe('readiness', () => {
  it('is ready when the section is in step and the resync finished', () => {
    expect(readiness(good).ready).toBe(true);
    expect(readiness({ ...good, decision: 'wait' }).ready).toBe(true);
  });

  it.each<[string, Partial<ReadinessInput>]>([
    ['the members are unknown', { synced: false }],
    ['nothing was compared', { decision: null }],
    ['the section is held', { decision: 'hold' }],
    ['peers are still to be added', { additionsPending: true }],
    ['HAProxy is down', { observed: { kind: 'down', why: 'x' } }],
    ['HAProxy dropped the section', { observed: { kind: 'up', state: null } }],
    ['a module waits', { waits: ['a snapshot is restored'] }],
    ['the resync is pending', { observed: up({ resync: 'pending' }) }],
  ])('is not ready while %s', (_, part) => {
    const now = readiness({ ...good, ...part });

    expect(now.ready).toBe(false);
    expect(now.reasons).toHaveLength(1);
  });
});
