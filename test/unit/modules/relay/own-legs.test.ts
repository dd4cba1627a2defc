import { expect, it } from 'vitest';
import { createLog } from '../../../../src/log.ts';
import { createOwnLegs } from '../../../../src/modules/relay/own-legs.ts';
import { createOwnSlots } from '../../../../src/modules/relay/own-slots.ts';
import type { View } from '../../../../src/modules/relay/pairing/view.ts';
import { createSessionBeginning } from '../../../../src/modules/relay/session-beginning.ts';

const view = (worker: string): View => ({ worker, learned: true, fresh: false, entries: 5 });
const tick = () => new Promise(setImmediate);

/** Legs of a HAProxy that does nothing: a fake, because a real one does not stand still at each step. */
function stand() {
  const log = createLog('silent');
  const names = ['s1', 's2', 's3'];
  let mine = view('w1');
  const slots = createOwnSlots(names, { log, onFull() {} });
  slots.look(mine);
  /** What was done on which slot, and the drains that are under way. */
  const done: string[] = [];
  const draining = new Map<string, () => void>();
  const open = createOwnLegs({
    haproxy: { at: { path: '' }, local: 'self', slots: names, tables: 1 },
    legs: {
      async open({ slot }) {
        done.push(`open ${slot}`);
        return { kind: 'refused', why: 'a fake' };
      },
      async reset({ slot }) {
        done.push(`reset ${slot}`);
        return true;
      },
      drain: async ({ slot }) => {
        done.push(`drain ${slot}`);
        await new Promise<void>((resolve) => draining.set(slot, resolve));
        draining.delete(slot);
        return new Map();
      },
    },
    slots,
    view: () => mine,
    log,
    onLesson() {},
  });
  return {
    ...{ done, draining },
    become(next: View) {
      mine = next;
    },
    begin(pod: string) {
      const abort = new AbortController();
      const from = createSessionBeginning({
        ...{ willCompare: () => true, onWhole() {}, again() {} },
      });
      const opened = open(
        { pod, uid: `uid-of-${pod}` },
        view('theirs'),
        () => ({ teach: false }),
        from,
        abort.signal,
      );
      return { abort, opened };
    },
  };
}

it('drains one slot at a time, and each that waits for it', async () => {
  const { begin, done, draining } = stand();
  const all = ['a', 'b', 'c'].map((pod) => begin(pod));
  for (const slot of ['s1', 's2', 's3']) {
    await tick();
    expect([...draining.keys()]).toEqual([slot]);
    draining.get(slot)?.();
  }
  await Promise.all(all.map(({ opened }) => opened));

  expect(done.filter((each) => each.startsWith('drain'))).toEqual([
    'drain s1',
    'drain s2',
    'drain s3',
  ]);
  expect(done.filter((each) => each.startsWith('open'))).toHaveLength(3);
});

it('touches nothing for a round that is over before it was its turn, and goes on with the next', async () => {
  const { begin, done, draining } = stand();
  const [a, b, c] = ['a', 'b', 'c'].map((pod) => begin(pod));
  await tick();
  done.length = 0;
  b?.abort.abort();
  expect(await b?.opened).toEqual({ kind: 'refused', why: 'the round is over' });
  draining.get('s1')?.();
  await tick();
  draining.get('s3')?.();
  await Promise.all([a?.opened, c?.opened]);

  expect(done.filter((each) => each.endsWith('s2'))).toEqual([]);
  expect(done).toContain('drain s3');
});

it('touches nothing of a worker that came meanwhile: the slot may be that of another pod', async () => {
  const { begin, become, done, draining } = stand();
  const [a, b] = ['a', 'b'].map((pod) => begin(pod));
  await tick();
  done.length = 0;
  become(view('w2'));
  draining.get('s1')?.();

  expect(await a?.opened).toEqual({ kind: 'refused', why: 'the round is over' });
  expect(await b?.opened).toEqual({ kind: 'refused', why: 'the round is over' });
  expect(done).toEqual([]);
});
