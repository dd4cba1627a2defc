import { expect, it } from 'vitest';
import type { Step, StepKind } from '../../../../../src/modules/backends/plan/step.ts';
import { createRefusals } from '../../../../../src/modules/backends/runtime/refusals.ts';

const step = (kind: StepKind, server: string): Step => ({ kind, server, line: kind, why: '' });
const refused = { kind: 'refused', why: 'no' } as const;

it('repeats a command ever less often, and leaves the server alone meanwhile', () => {
  let nowMs = 0;
  const refusals = createRefusals(() => nowMs);
  const steps = [step('add', 'a'), step('enable', 'a'), step('add', 'b')];
  const waits: number[] = [];

  for (let tries = 0; tries < 8; tries += 1) {
    expect(refusals.allowed(steps)).toEqual(steps);
    refusals.note(step('add', 'a'), refused);
    expect(refusals.allowed(steps)).toEqual([step('add', 'b')]);
    waits.push(refusals.wakeMs() ?? 0);
    nowMs += refusals.wakeMs() ?? 0;
  }

  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(refusals.reasons()).toEqual(['HAProxy refuses a: no']);
});

it('says each reason once, and nothing of what only takes time', () => {
  const refusals = createRefusals(() => 0);
  for (const server of ['a', 'b', 'c']) refusals.note(step('add', server), refused);
  refusals.note(step('delete', 'd'), { kind: 'later' });

  expect(refusals.reasons()).toEqual(['HAProxy refuses a: no']);
  expect(refusals.wakeMs()).toBe(1000);
});

it('forgets what was done, and what is not wanted any more', () => {
  const refusals = createRefusals(() => 0);
  for (const server of ['a', 'b']) refusals.note(step('add', server), refused);

  refusals.note(step('add', 'a'), { kind: 'done' });
  expect(refusals.reasons()).toEqual(['HAProxy refuses b: no']);
  refusals.keepOnly([step('add', 'a')]);

  expect(refusals.reasons()).toEqual([]);
  expect(refusals.wakeMs()).toBeNull();
});
