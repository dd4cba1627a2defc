import { describe, expect, it } from 'vitest';
import type { HelloOutcome } from '../../../../../src/model/hello.ts';
import { type JoinInput, join } from '../../../../../src/modules/peers/join/decision.ts';

function joinAfter(
  elapsedMs: number,
  outcomes: Readonly<Record<string, HelloOutcome>>,
  siblings = ['b', 'c'],
  leaving: readonly string[] = [],
  part: Partial<JoinInput> = {},
) {
  return join(
    {
      outcomes: new Map(Object.entries(outcomes)),
      siblings,
      startedAtMs: 0,
      timeoutMs: 60_000,
      silenceLimitMs: 10_000,
      leaving: new Set(leaving),
      leavingLimitMs: 4000,
      serving: new Map(),
      refusals: new Map(siblings.map((name) => [name, 3])),
      ...part,
    },
    elapsedMs,
  );
}

describe('join', () => {
  it('starts at once without siblings', () => {
    expect(joinAfter(0, {}, [])).toEqual({ kind: 'start', known: [], warning: null });
  });

  it('asks everybody who was not asked yet', () => {
    expect(joinAfter(0, {})).toMatchObject({ kind: 'wait', ask: ['b', 'c'] });
  });

  it('starts when every running sibling knows this pod, and does not wait for those that do not run', () => {
    expect(joinAfter(0, { b: 'known', c: 'busy' })).toMatchObject({
      kind: 'start',
      known: ['b', 'c'],
    });
    expect(joinAfter(0, { b: 'known', c: 'refused' })).toMatchObject({
      kind: 'start',
      known: ['b'],
    });
    expect(joinAfter(0, { b: 'refused', c: 'wrong-name' })).toMatchObject({
      kind: 'start',
      known: [],
    });
  });

  it('asks again only those that did not accept it yet', () => {
    expect(joinAfter(5000, { b: 'known', c: 'unknown-to-it' })).toMatchObject({
      kind: 'wait',
      ask: ['c'],
    });
  });

  it('gives up after the time-out, with a warning that names the siblings', () => {
    const decision = joinAfter(60_000, { b: 'known', c: 'unknown-to-it' });

    expect(decision).toMatchObject({ kind: 'start', known: ['b'] });
    expect(decision.kind === 'start' && decision.warning).toContain('c did not accept');
  });

  it('waits for a sibling in the middle of its own resync, which would teach a part only', () => {
    const outcomes = { b: 'known', c: 'learning' } as const;

    expect(joinAfter(0, outcomes)).toEqual({
      kind: 'wait',
      ask: ['c'],
      reason: 'waiting for c to finish the own resync',
    });
    expect(joinAfter(60_000, outcomes)).toMatchObject({ kind: 'start', known: ['b', 'c'] });
  });

  it('waits for a sibling that is about to go, but not for long', () => {
    const outcomes = { b: 'known', c: 'unknown-to-it' } as const;

    expect(joinAfter(3000, outcomes, ['b', 'c'], ['c']).kind).toBe('wait');
    expect(joinAfter(4000, outcomes, ['b', 'c'], ['c'])).toMatchObject({
      kind: 'start',
      warning: null,
    });
    expect(joinAfter(0, { b: 'known', c: 'refused' }, ['b', 'c'], ['c']).kind).toBe('start');
  });

  it('waits ten seconds for silence, then warns of a NetworkPolicy', () => {
    expect(joinAfter(9000, { b: 'known', c: 'no-answer' }).kind).toBe('wait');
    expect(joinAfter(10_000, { b: 'known', c: 'no-answer' })).toMatchObject({
      kind: 'start',
      warning: expect.stringContaining('NetworkPolicy'),
    });
  });

  it('does not wait long for a sibling that refuses the certificate, and says so', () => {
    const outcomes = { b: 'tls-failed', c: 'known' } as const;

    expect(joinAfter(9999, outcomes)).toMatchObject({ kind: 'wait', ask: ['b'] });
    expect(joinAfter(10_000, outcomes)).toMatchObject({
      kind: 'start',
      warning: expect.stringContaining("b and this pod refuse each other's certificates"),
    });
  });

  it('does not believe a sibling that is ready when it refuses, and warns in the end', () => {
    const serving = { serving: new Map([['b', true]]) };

    expect(joinAfter(9999, { b: 'refused' }, ['b'], [], serving)).toMatchObject({ ask: ['b'] });
    expect(joinAfter(9999, { b: 'wrong-name' }, ['b'], [], serving)).toMatchObject({ ask: ['b'] });
    expect(joinAfter(10_000, { b: 'refused' }, ['b'], [], serving)).toMatchObject({
      kind: 'start',
      warning: expect.stringContaining(
        'b refuse this pod on the peers port although they are ready',
      ),
    });
    expect(joinAfter(0, { b: 'refused' }, ['b'], ['b'], serving).kind).toBe('start');
  });

  it('wants a refusal said thrice, unless no container has started there', () => {
    const once = { refusals: new Map([['b', 1]]) };

    expect(joinAfter(500, { b: 'refused' }, ['b'], [], once).kind).toBe('wait');
    expect(joinAfter(500, { b: 'refused' }, ['b']).kind).toBe('start');
    const pending = { ...once, serving: new Map([['b', false]]) };
    expect(joinAfter(0, { b: 'refused' }, ['b'], [], pending).kind).toBe('start');
  });

  it('warns when all who may have tables refuse and nobody else can teach', () => {
    const doubt = expect.stringContaining('b refuse this pod on the peers port, and nobody else');

    expect(joinAfter(500, { b: 'refused' }, ['b'])).toMatchObject({ warning: doubt });
    expect(joinAfter(500, { b: 'wrong-name' }, ['b'])).toMatchObject({ warning: doubt });
    expect(joinAfter(500, { b: 'refused', c: 'known' })).toMatchObject({ warning: null });
    expect(joinAfter(500, { b: 'refused' }, ['b'], ['b'])).toMatchObject({ warning: null });
    const off = { serving: new Map([['b', false]]) };
    expect(joinAfter(500, { b: 'refused' }, ['b'], [], off)).toMatchObject({ warning: null });
  });
});
