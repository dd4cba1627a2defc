import { describe, expect, it } from 'vitest';
import type { Notice } from '../../../src/model/notice.ts';
import {
  emptySeries,
  named,
  nextEvent,
  seriesLimits,
} from '../../../src/telemetry/event-series.ts';

const limits = { ...seriesLimits, burst: 3 };
const held: Notice = { reason: 'ChangeWaiting', message: 'first' };

/** Feeds notices at times; an Event that is created gets a name at once. */
function feed(...notices: readonly (readonly [atMs: number, notice: Notice])[]) {
  let state = emptySeries(0, limits);
  return notices.map(([atMs, notice]) => {
    const decision = nextEvent(state, notice, atMs, limits);
    state = decision.state;
    if (decision.send === 'create') state = named(state, notice.reason, `event-${atMs}`);
    return decision;
  });
}

describe('nextEvent', () => {
  it('creates one Event for the first, and raises its count for the same later', () => {
    const [first, second] = feed([0, held], [60_000, { ...held, message: 'second' }]);

    expect(first).toMatchObject({ send: 'create', series: { count: 1, firstAtMs: 0 } });
    expect(second).toMatchObject({
      send: 'raise',
      series: { name: 'event-0', message: 'second', count: 2, firstAtMs: 0, lastAtMs: 60_000 },
    });
  });

  it('counts what comes too soon, and tells it with the next', () => {
    const decisions = feed([0, held], [1000, held], [2000, held], [30_000, held]);

    expect(decisions.map(({ send }) => send)).toEqual(['create', 'hold', 'hold', 'raise']);
    expect(decisions.at(-1)?.series.count).toBe(4);
  });

  it('begins anew after ten minutes of silence', () => {
    const [, second, third] = feed([0, held], [599_000, held], [1_200_000, held]);

    expect(second).toMatchObject({ send: 'raise', series: { count: 2 } });
    expect(third).toMatchObject({ send: 'create', series: { count: 1, firstAtMs: 1_200_000 } });
  });

  it('keeps reasons apart', () => {
    const [, other] = feed([0, held], [1, { reason: 'ReloadRefused', message: 'no' }]);

    expect(other).toMatchObject({ send: 'create', series: { count: 1 } });
  });

  it('writes no more than the burst at once, and one more after each refill', () => {
    const reasons = ['ChangeWaiting', 'ReloadRefused', 'ResyncMissed', 'ReconcileFailing'] as const;
    const notices = reasons.map((reason) => [0, { reason, message: '' }] as const);

    const sends = feed(
      ...notices,
      [299_999, { reason: 'ResyncRepaired', message: '' }],
      [300_000, { reason: 'ReconcileFailing', message: '' }],
      [300_001, { reason: 'JoinUnconfirmed', message: '' }],
    ).map(({ send }) => send);

    expect(sends).toEqual(['create', 'create', 'create', 'hold', 'hold', 'create', 'hold']);
  });

  it('tries to create again what the API server does not have', () => {
    let state = emptySeries(0, limits);
    state = nextEvent(state, held, 0, limits).state;
    const soon = nextEvent(state, held, 1000, limits);

    const later = nextEvent(soon.state, held, 31_000, limits);

    expect(soon.send).toBe('hold');
    expect(later).toMatchObject({ send: 'create', series: { count: 3 } });
  });

  it('never has more tokens than the burst, however long it was quiet', () => {
    const state = nextEvent(emptySeries(0, limits), held, 1e12, limits).state;

    expect(state.tokens).toBe(limits.burst - 1);
  });
});

it('names nothing that is not there', () => {
  const state = emptySeries(0, limits);

  expect(named(state, 'ChangeWaiting', 'x')).toBe(state);
});
