import fc from 'fast-check';
import { expect, it } from 'vitest';
import { monotonicNow } from '../../../src/clock.ts';
import { createPassage } from '../../../src/lesson/passage.ts';
import { stickTable, stickTypes } from '../../../src/modules/relay/wire/messages.ts';
import { bytesOf } from '../../helpers/peer-messages.ts';

const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
/** Integer keys, gpc0, entries that stay for 60,000 ms. */
const define = {
  ...{ class: stickTable, type: stickTypes.define },
  content: Buffer.from([1, 1, 97, 2, 4, 4, 240 | (59_760 % 16), ...rest(59_760)]),
};
function rest(value: number): readonly number[] {
  const high = Math.floor(value / 16);
  return [(high % 128) | 128, Math.floor((high - 128) / 128)];
}

/** Entries with these numbers, whose keys are their numbers; timed where it says so. */
function entries(ids: readonly number[], timed: readonly boolean[]) {
  let last = -2;
  return ids.map((id, at) => {
    const isTimed = timed[at % timed.length] === true;
    const follows = id === last + 1;
    last = id;
    const { update, timedUpdate, incrementalUpdate, timedIncrementalUpdate } = stickTypes;
    const [first, next] = isTimed
      ? [timedUpdate, timedIncrementalUpdate]
      : [update, incrementalUpdate];
    const content = [
      ...(follows ? [] : [number(id)]),
      ...(isTimed ? [number(1000)] : []),
      number(id),
      Buffer.from([1]),
    ];
    return { class: stickTable, type: follows ? next : first, content: Buffer.concat(content) };
  });
}

it('gives each entry that passes the number it had, whatever is left out between', () => {
  const id = fc.integer({ min: 1, max: 12 });
  const booleans = fc.array(fc.boolean(), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.array(id, { maxLength: 30 }), booleans, booleans, (ids, timed, passes) => {
      const bytes = bytesOf([define, ...entries(ids, timed)]);
      let at = 0;
      const first = createPassage().pass(bytes, () => {
        at += 1;
        return passes[(at - 1) % passes.length] === true ? 500 : null;
      });
      const seen: (readonly [number, number])[] = [];
      createPassage().pass(first, (entry, within) => {
        seen.push([entry.id, within.readUInt32BE(entry.keyAt)]);
        return 500;
      });
      const wanted = ids.filter((_, index) => passes[index % passes.length] === true);
      expect(seen).toEqual(wanted.map((each) => [each, each]));
    }),
  );
});

it('makes the same in turns as at once, however long a lesson is', async () => {
  const id = fc.integer({ min: 1, max: 1000 });
  const booleans = fc.array(fc.boolean(), { minLength: 1, maxLength: 9 });
  const length = fc.constantFrom(0, 1, 255, 256, 257, 700);
  await fc.assert(
    fc.asyncProperty(length, id, booleans, booleans, async (count, first, timed, passes) => {
      const ids = Array.from({ length: count }, (_, at) => first + at * (at % 7 === 0 ? 3 : 1));
      const bytes = bytesOf([define, ...entries(ids, timed)]);
      const choice = () => {
        let at = 0;
        return () => (passes[at++ % passes.length] === true ? 500 : null);
      };
      const [once, turns] = [createPassage(), createPassage()];

      expect(await turns.passInTurns(bytes, choice())).toEqual(once.pass(bytes, choice()));
      expect([turns.seen, turns.passed]).toEqual([once.seen, once.passed]);
    }),
    { numRuns: 30 },
  );
});

it('lets others have their turn between, and says so if it ends within a message', async () => {
  const ids = Array.from({ length: 2560 }, (_, at) => at + 1);
  const bytes = bytesOf([define, ...entries(ids, [true])]);
  let turns = 0;
  let isOver = false;
  function turn(): void {
    turns += 1;
    if (!isOver) setImmediate(turn);
  }
  setImmediate(turn);
  const slowly = () => {
    const untilMs = monotonicNow() + 0.04;
    while (monotonicNow() < untilMs);
    return null;
  };
  await createPassage().passInTurns(bytes, slowly);
  isOver = true;

  // A hundred milliseconds of work. Without, it is one turn.
  expect(turns).toBeGreaterThanOrEqual(3);
  await expect(
    createPassage().passInTurns(bytes.subarray(0, bytes.length - 1), () => null),
  ).rejects.toThrow('within a message');
});
