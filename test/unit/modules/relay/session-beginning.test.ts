import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { comparedWithinMs } from '../../../../src/modules/relay/pairing/beginning.ts';
import type { View } from '../../../../src/modules/relay/pairing/view.ts';
import { createSessionBeginning } from '../../../../src/modules/relay/session-beginning.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const view = (worker: string): View => ({ worker, learned: true, fresh: false, entries: 5 });
const drained = new Map([['sessions', { id: 1, last: 40 }]]);

function one(willCompare = true) {
  const said: string[] = [];
  const from = createSessionBeginning({
    willCompare: () => willCompare,
    onWhole: () => void said.push('whole'),
    again: (why) => void said.push(why),
  });
  const begin = async () => {
    const begins = await from.of(view('m'), view('t'), async () => {
      said.push('drained');
      return drained;
    });
    from.paired();
    return begins.kind;
  };
  return { from, said, begin };
}

it('waits for the other side, and gives it up in time', async () => {
  const { from, said, begin } = one();
  expect(await begin()).toBe('marks');
  expect(from.marks()).toEqual(new Map([['sessions', 40]]));
  vi.advanceTimersByTime(comparedWithinMs - 1);
  expect(said).toEqual(['drained']);
  vi.advanceTimersByTime(1);
  expect(said).toEqual(['drained', 'not compared within 60 s']);
  expect(from.marks()).toEqual(new Map());
  expect(await begin()).toBe('all');
  expect(await begin()).toBe('unconfirmed');
  from.compared({ left: [], why: null });
  vi.advanceTimersByTime(comparedWithinMs * 3);
  expect(said).toHaveLength(2);
});

it('waits no longer when it has been told, nor when the link has ended', async () => {
  const told = one();
  await told.begin();
  told.from.compared({ left: [], why: null });
  const stopped = one();
  await stopped.begin();
  stopped.from.stop();
  vi.advanceTimersByTime(comparedWithinMs * 3);
  expect([told.said, stopped.said]).toEqual([['drained', 'whole'], ['drained']]);
});

it('waits anew with each session, and drains once', async () => {
  const { said, begin } = one();
  for (let session = 0; session < 3; session += 1) {
    expect(await begin()).toBe('marks');
    vi.advanceTimersByTime(comparedWithinMs - 1);
  }
  expect(said).toEqual(['drained']);
});

it('neither waits nor drains where nothing is compared', async () => {
  const { said, begin } = one(false);
  expect(await begin()).toBe('unconfirmed');
  vi.advanceTimersByTime(comparedWithinMs * 3);
  expect(said).toEqual([]);
});
