import fc from 'fast-check';
import { describe, it } from 'vitest';
import { targets } from '../fuzz/targets.ts';

/** Always the same inputs here; `npm run fuzz` takes others. */
const seed = 20_260_101;
const limitMs = 2500;

describe(`what reads the text of others, seed ${seed}`, () => {
  it.each(Object.entries(targets))('%s', async (_name, target) => {
    await fc.assert(target, { seed, numRuns: 1000, interruptAfterTimeLimit: limitMs });
  });
});
