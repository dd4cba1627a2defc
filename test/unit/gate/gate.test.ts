import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facts, factsOf, type GateInput } from '../../../src/gate/facts.ts';
import { gate } from '../../../src/gate/gate.ts';
import { noReloads, type ReloadEvent, reloadsAfter } from '../../../src/gate/history.ts';
import { hold, over, type Rule, type Rules, rule } from '../../../src/gate/rule.ts';
import { up } from '../../helpers/members.ts';
import { gate as settings } from '../../helpers/reconciler.ts';
import { wants } from '../../helpers/requests.ts';

const now = 1_000_000;
const joins = { reasons: ['b joined'], joins: true };
const leaves = { reasons: ['b left'], joins: false };

function decide(part: Partial<GateInput>, rules: Partial<Rules> = {}) {
  const input = { change: null, requests: [], observed: up(), history: noReloads, ...part };
  const facts = factsOf(input, settings, now);
  return gate(facts, { forbids: [], delays: [], order: [], ...rules });
}

/** A rule that waits for this long. */
function waits(code: Parameters<typeof rule>[0], ms: number): Rule {
  return rule(code, () => ({ untilMs: now + ms, reason: code }));
}

describe('the gate, whoever adds rules to it', () => {
  it('does nothing where nobody wants anything, whatever a rule says', () => {
    const rules = { forbids: [rule('turn', () => hold('never'))] };
    expect(decide({}, rules)).toEqual({ kind: 'none', reasons: ['nothing differs'] });
  });

  it('lets through what is wanted, with the reasons of all', () => {
    expect(decide({ change: joins, requests: [wants('reload', 'renewed')] })).toEqual({
      kind: 'apply',
      via: 'reload',
      reasons: ['b joined', 'renewed'],
    });
    expect(decide({ requests: [wants('reload', 'one'), wants('reload', 'two')] })).toEqual({
      kind: 'apply',
      via: 'reload',
      reasons: ['one; two'],
    });
  });

  it('reloads for a hard-reload and a join first, and hard-reloads before anything lazy', () => {
    const repair = wants('hard-reload', 'b holds 5', { urgency: 'now' });
    expect(decide({ change: joins, requests: [repair] })).toMatchObject({ via: 'reload' });
    expect(decide({ change: leaves, requests: [repair] })).toMatchObject({ via: 'hard-reload' });
    expect(decide({ requests: [repair, wants('reload', 'renewed')] })).toMatchObject({
      via: 'reload',
      reasons: ['renewed'],
    });
  });

  it('asks what forbids first, in order, and tells only that', () => {
    const rules = {
      forbids: [waits('turn', 5), waits('burst', 50)],
      delays: [waits('awaited', 9)],
    };
    expect(decide({ change: joins }, rules)).toEqual({
      kind: 'wait',
      untilMs: now + 5,
      reasons: ['turn'],
      codes: ['turn'],
    });
    const down = { kind: 'down', why: 'gone' } as const;
    expect(decide({ change: joins, observed: down }, rules)).toMatchObject({
      codes: ['haproxy-down'],
      reasons: ['HAProxy does not answer: gone'],
    });
  });

  it('waits for the longest of all delays, and asks for the order only afterwards', () => {
    const order = [waits('turn', 700)];
    const delays = [waits('burst', 300), rule('awaited', () => over), waits('removal-delay', 50)];
    expect(decide({ change: joins }, { delays, order })).toEqual({
      kind: 'wait',
      untilMs: now + 300,
      reasons: ['burst', 'removal-delay'],
      codes: ['burst', 'removal-delay'],
    });
    const due = [
      { codes: ['turn'], check: () => ({ ...waits('turn', 700).check({} as Facts), dueMs: 4 }) },
    ] as const;
    expect(decide({ change: joins }, { order: due })).toMatchObject({ kind: 'wait', dueMs: 4 });
    expect(
      decide({ change: joins }, { delays: [rule('burst', () => hold('why'))], order }),
    ).toEqual({ kind: 'hold', reasons: ['why'], codes: ['burst'] });
  });

  it('lets what is lazy wait for others, for as long as a removal, and go with any', () => {
    const lazy = (sinceMs: number) =>
      wants('reload', 'cheaper', { urgency: 'lazy', sinceMs: now - sinceMs });
    const { removalDelayMs } = settings;
    expect(decide({ requests: [lazy(0)] })).toMatchObject({
      kind: 'wait',
      untilMs: now + removalDelayMs,
      codes: ['lazy-request'],
    });
    expect(decide({ requests: [lazy(removalDelayMs)] })).toMatchObject({ kind: 'apply' });
    expect(decide({ requests: [lazy(0), wants('reload', 'x')] })).toMatchObject({ kind: 'apply' });
    expect(decide({ change: leaves, requests: [lazy(0)] })).toMatchObject({ kind: 'apply' });
  });

  it('never lets a reload through nearer to the last one, or to a failure, than it is set to', () => {
    const events = fc.array(
      fc.record({
        event: fc.constantFrom<ReloadEvent>('reloaded', 'failed', 'succeeded'),
        agoMs: fc.integer({ min: 0, max: 120_000 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(events, fc.boolean(), (given, hard) => {
        let history = noReloads;
        for (const { event, agoMs } of given.toSorted((a, b) => b.agoMs - a.agoMs))
          history = { ...history, ...reloadsAfter(history, event, now - agoMs) };
        const requests = [wants(hard ? 'hard-reload' : 'reload', 'x', { urgency: 'now' })];
        const decision = decide({ requests, history });
        if (decision.kind === 'wait') return;
        expect(decision.kind).toBe('apply');
        const { lastReloadAtMs, failures, lastFailureAtMs } = history;
        if (lastReloadAtMs !== null)
          expect(now - lastReloadAtMs).toBeGreaterThanOrEqual(settings.minReloadIntervalMs);
        if (failures > 0 && lastFailureAtMs !== null)
          expect(now - lastFailureAtMs).toBeGreaterThanOrEqual(settings.backoffMinMs);
      }),
    );
  });
});
