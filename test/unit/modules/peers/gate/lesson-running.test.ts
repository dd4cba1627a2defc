import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../../../src/model/decision.ts';
import { isReloadNear } from '../../../../../src/modules/peers/busy.ts';
import { peersGate } from '../../../../../src/modules/peers/gate/gate.ts';
import { gateCase } from '../../../../helpers/gate-inputs.ts';
import { randomOf } from '../../../../helpers/random.ts';

const limitMs = 30_000;

describe('a lesson that is given or taken', () => {
  it('puts no reload off for longer than 30 s, and changes no other decision', () => {
    const random = randomOf(7);
    let put = 0;
    for (let count = 0; count < 5000; count++) {
      const { input, settings, nowMs } = gateCase(random);
      const decide = (lessonSinceMs: number | null) =>
        peersGate({ ...input, lessonSinceMs }, settings, nowMs);
      const without = peersGate(input, settings, nowMs);

      expect(decide(null)).toEqual(without);
      expect(decide(nowMs - limitMs)).toEqual(without);
      const during = decide(nowMs - 5000);
      if (without.kind !== 'apply') expect(during.kind).toBe(without.kind);
      else {
        put += 1;
        expect(during).toMatchObject({ kind: 'wait', codes: ['lesson-running'] });
        const { untilMs } = during as Extract<Decision, { kind: 'wait' }>;
        expect(untilMs).toBeGreaterThan(nowMs);
        expect(untilMs).toBeLessThanOrEqual(nowMs + 100);
        expect(decide(nowMs - limitMs + 20)).toMatchObject({ untilMs: nowMs + 20 });
      }
    }
    expect(put).toBeGreaterThan(100);
  });
});

describe('isReloadNear', () => {
  const wait = (...codes: Extract<Decision, { kind: 'wait' }>['codes']) =>
    ({ kind: 'wait', untilMs: 1, reasons: [], codes }) as const;

  it.each<[string, Decision, boolean]>([
    ['one runs', { kind: 'apply', via: 'reload', reasons: [] }, true],
    ['one waits for its turn', wait('turn'), true],
    ['one waits for more changes and for minutes', wait('removal-delay', 'reload-interval'), true],
    ['one waits for minutes', wait('removal-delay'), false],
    ['nothing differs', { kind: 'none', reasons: [] }, false],
    ['none may be made', { kind: 'hold', reasons: [], codes: ['self-missing'] }, false],
  ])('%s', (_, decision, isNear) => {
    expect(isReloadNear(decision)).toBe(isNear);
  });
});
