import { describe, expect, it } from 'vitest';
import type { PassReport } from '../../../../src/engine/reporter.ts';
import { noChanges, type PeersChanges } from '../../../../src/model/changes.ts';
import type { Decision } from '../../../../src/model/decision.ts';
import { createMetrics } from '../../../../src/modules/metrics.ts';
import { countWith } from '../../../../src/modules/peers/count.ts';
import { entry, membership, peer, section, up } from '../../../helpers/members.ts';

/** A counter with a clock that the test sets, and what a scrape would read. */
function bench() {
  const metrics = createMetrics({ version: '1', node: '24' });
  let nowMs = 1_000_000;
  const counting = countWith({ metrics, now: () => nowMs });
  return {
    counting,
    at(ms: number) {
      nowMs = 1_000_000 + ms;
    },
    async value(series: string): Promise<number | undefined> {
      const text = await metrics.registry.metrics();
      const line = text.split('\n').find((each) => each.startsWith(`haproxy_peer_sync_${series} `));
      return line === undefined ? undefined : Number(line.split(' ').at(-1));
    },
  };
}

function report(
  changes: Partial<PeersChanges>,
  decision: Decision,
  part: Partial<PassReport> = {},
): PassReport {
  return {
    membership: membership('a', 'b'),
    section: section(['a']),
    plan: { kind: 'changes', changes: { ...noChanges, ...changes }, reasons: [] },
    observed: up(),
    decision,
    ...part,
  };
}

const joins: PeersChanges = { ...noChanges, add: [entry('b')] };
const none: Decision = { kind: 'none', reasons: [] };
const applies: Decision = { kind: 'apply', via: 'reload', reasons: [] };
const waits = (...codes: readonly ('burst' | 'turn')[]): Decision => {
  return { kind: 'wait', untilMs: 0, reasons: [], codes };
};
const reloaded = { reloaded: true, attempts: 1 };

describe('countWith', () => {
  it('counts members by what is known of them', async () => {
    const { counting, value } = bench();
    const leaving = { name: 'c', address: '10.0.0.3', terminating: true };
    const members = { ...membership('a', 'b', leaving), awaited: 2, ignored: 3 };

    counting.pass(report({}, none, { membership: members }));

    expect(await value('members')).toBe(3);
    expect(await value('members_terminating')).toBe(1);
    expect(await value('members_awaited')).toBe(2);
    expect(await value('members_ignored')).toBe(3);
    expect(await value('members_synced')).toBe(1);
  });

  it('shows what is pending by kind, and why it waits for as long as it does', async () => {
    const { counting, value } = bench();

    counting.pass(report(joins, waits('burst')));
    const first = await value('changes_waiting_reason{reason="burst"}');
    counting.pass(report(joins, waits('turn')));
    counting.pass(report(joins, waits('turn')));

    expect(first).toBe(1);
    expect(await value('changes_waiting{kind="add"}')).toBe(1);
    expect(await value('changes_waiting_reason{reason="burst"}')).toBeUndefined();
    expect(await value('changes_waiting_reason{reason="turn"}')).toBe(1);
    expect(await value('waits_total{reason="turn"}')).toBe(1);
    counting.pass(report({}, none));
    expect(await value('changes_waiting_reason{reason="turn"}')).toBeUndefined();
    expect(await value('changes_waiting{kind="add"}')).toBe(0);
  });

  it('measures the wait of a change, and the time from address to acceptance', async () => {
    const { counting, at, value } = bench();
    counting.pass(report({}, none));

    at(1000);
    counting.changed();
    at(1100);
    counting.pass(report(joins, waits('burst')));
    at(1500);
    counting.pass(report(joins, applies));
    at(1600);
    counting.applied(reloaded, 100, joins);

    expect(await value('gate_wait_seconds_sum{cause="join"}')).toBeCloseTo(0.4);
    expect(await value('join_seconds_sum')).toBeCloseTo(0.6);
    expect(await value('join_seconds_count')).toBe(1);
    expect(await value('reloads_total{cause="join"}')).toBe(1);
    expect(await value('entries_changed_total{kind="add"}')).toBe(1);
    expect(await value('changes_waiting{kind="add"}')).toBe(0);
  });

  it('counts no change and no reload for a try that failed, and the whole wait for one that succeeds', async () => {
    const { counting, at, value } = bench();

    counting.pass(report(joins, applies));
    counting.failed('RELOAD_FAILED', 'no');
    const afterFailure = await value('entries_changed_total{kind="add"}');
    at(5000);
    counting.pass(report(joins, applies));
    counting.applied(reloaded, 0, joins);

    expect(afterFailure).toBe(0);
    expect(await value('failures_total{code="RELOAD_FAILED"}')).toBe(1);
    expect(await value('gate_wait_seconds_sum{cause="join"}')).toBe(5);
    expect(await value('entries_changed_total{kind="add"}')).toBe(1);
  });

  it('counts no change that was held while the reload was made for others, and goes on waiting for it', async () => {
    const { counting, at, value } = bench();
    counting.pass(report(joins, applies));
    at(1000);
    counting.applied(reloaded, 0, noChanges);
    at(3000);
    counting.pass(report(joins, applies));
    counting.applied(reloaded, 0, joins);

    expect(await value('entries_changed_total{kind="add"}')).toBe(1);
    expect(await value('gate_wait_seconds_sum{cause="join"}')).toBe(3);
  });

  it('counts nothing but the time where nothing was left to do', async () => {
    const { counting, value } = bench();

    counting.pass(report(joins, applies));
    counting.applied({ reloaded: false, attempts: 1 }, 20, joins);

    expect(await value('reloads_total{cause="join"}')).toBe(0);
    expect(await value('apply_duration_seconds_count')).toBe(1);
  });

  it.each([
    [{ ...joins, update: [entry('c')], remove: [entry('d')] }, 'join'],
    [{ ...noChanges, update: [entry('c')], remove: [entry('d')] }, 'move'],
    [{ ...noChanges, remove: [entry('d')] }, 'leave'],
    [{ ...noChanges, create: true }, 'join'],
    [noChanges, 'request'],
  ] as const)('calls the cause of a reload after what weighs most: %j', async (changes, cause) => {
    const { counting, value } = bench();

    counting.pass(report(changes, applies));
    counting.applied(reloaded, 0, { ...noChanges, ...changes });

    expect(await value(`reloads_total{cause="${cause}"}`)).toBe(1);
  });

  it('counts one resync for each worker', async () => {
    const { counting, value } = bench();
    const seen = (resync: 'pending' | 'learned' | 'alone') =>
      counting.pass(report({}, none, { observed: up({ resync }) }));

    seen('pending');
    const during = await value('resync_finished');
    seen('alone');
    seen('alone');
    counting.repairing();
    seen('learned');
    seen('learned');

    expect(during).toBe(0);
    expect(await value('resyncs_total{outcome="alone"}')).toBe(1);
    expect(await value('resyncs_total{outcome="learned"}')).toBe(1);
    expect(await value('reloads_total{cause="repair"}')).toBe(1);
  });

  it('does not take silence for a state', async () => {
    const { counting, value } = bench();
    counting.pass(report({}, none, { observed: up({ peers: [peer('b')] }) }));
    const before = await value('peers_established');

    counting.pass(report({}, none, { observed: { kind: 'down', why: 'gone' } }));

    expect(before).toBe(1);
    expect(await value('peers_established')).toBe(0);
    expect(await value('resync_finished')).toBe(0);
    expect(await value('resyncs_total{outcome="learned"}')).toBe(1);
  });
});
