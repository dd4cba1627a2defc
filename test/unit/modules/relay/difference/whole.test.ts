import { expect, it } from 'vitest';
import { createWhole } from '../../../../../src/modules/relay/difference/whole.ts';

it('counts from the start of the program, and from each break, and tells who asked', () => {
  let nowMs = 1000;
  const whole = createWhole(() => nowMs);
  let told = 0;
  const stop = whole.onBroken(() => {
    told += 1;
    // Whoever is told may ask at once.
    expect(whole.ms()).toBe(0);
    stop();
  });
  nowMs += 500;
  expect(whole.ms()).toBe(500);
  whole.broken();
  nowMs += 20;
  expect(whole.ms()).toBe(20);
  whole.broken();
  expect(told).toBe(1);
});
