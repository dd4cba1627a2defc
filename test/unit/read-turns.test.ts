import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createReadTurns, turnBytes } from '../../src/read-turns.ts';

it('lets nobody read more than that and one chunk in one turn, and go on in the next', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: turnBytes }), { minLength: 1, maxLength: 60 }),
      async (chunks) => {
        const left = [...chunks];
        let isStopped = false;
        let inTurn = 0;
        let longest = 0;
        // As a socket does it: all that is there, unless somebody stops it.
        const read = () => {
          while (!isStopped && left.length > 0) {
            const chunk = left.shift() ?? 0;
            inTurn += chunk;
            took(chunk);
          }
          longest = Math.max(longest, inTurn);
        };
        const took = createReadTurns(
          () => {
            isStopped = true;
          },
          () => {
            isStopped = false;
            inTurn = 0;
            read();
          },
        );
        read();
        for (let turns = 0; turns <= chunks.length && left.length > 0; turns++) {
          expect(isStopped).toBe(true);
          await setImmediate();
        }
        expect(left).toEqual([]);
        expect(longest).toBeLessThan(2 * turnBytes);
      },
    ),
    { numRuns: 100 },
  );
});

it('counts each turn anew', async () => {
  let stops = 0;
  const took = createReadTurns(
    () => {
      stops += 1;
    },
    () => expect.fail('it was not stopped'),
  );
  for (let turn = 0; turn < 10; turn++) {
    took(turnBytes / 2);
    await setImmediate();
  }
  expect(stops).toBe(0);
});
