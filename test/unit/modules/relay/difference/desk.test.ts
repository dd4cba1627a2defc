import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDesk, type Seat } from '../../../../../src/modules/relay/difference/desk.ts';

function seatOf(uid: string, asking = false) {
  const seat = {
    ...{ uid, asking, yielded: 0 },
    yield() {
      seat.yielded += 1;
    },
  };
  return seat;
}

it('gives one lesson at a time, and all who wait come to it, in any order', () => {
  const wishes = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 });
  fc.assert(
    fc.property(wishes, fc.infiniteStream(fc.boolean()), (uids, frees) => {
      const desk = createDesk();
      const sitting = new Set<Seat>();
      let begun = 0;
      const begin = (seat: Seat) => {
        if (!desk.take(seat)) return desk.queue(() => begin(seat));
        begun += 1;
        sitting.add(seat);
        expect(sitting.size).toBe(1);
      };
      const end = () => {
        const [seat] = sitting;
        if (seat === undefined) return;
        sitting.delete(seat);
        desk.free(seat);
      };
      for (const uid of uids) {
        begin(seatOf(uid));
        if (frees.next().value) end();
      }
      while (sitting.size > 0) end();
      expect(begun).toBe(uids.length);
    }),
  );
});

it('is yielded only to who is asked, and only until the answer', () => {
  const desk = createDesk();
  const asking = seatOf('b', true);
  desk.take(asking);
  desk.yieldTo('c');
  expect(asking.yielded).toBe(0);
  expect(desk.take(seatOf('c'))).toBe(false);
  desk.yieldTo('b');
  expect(asking.yielded).toBe(1);
  const teaching = seatOf('b');
  expect(desk.take(teaching)).toBe(true);
  // The one that gave up frees nothing that is another's.
  desk.free(asking);
  expect(desk.take(seatOf('c'))).toBe(false);
  desk.yieldTo('b');
  expect(teaching.yielded).toBe(0);
});

it('calls nobody who has left', () => {
  const desk = createDesk();
  const seat = seatOf('a');
  desk.take(seat);
  let called = 0;
  const begin = () => {
    called += 1;
  };
  desk.queue(begin);
  desk.leave(begin);
  desk.free(seat);
  expect(called).toBe(0);
});
