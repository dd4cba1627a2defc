import { expect, it } from 'vitest';
import type { Leg } from '../../../../src/modules/relay/legs/open-leg.ts';
import type { View } from '../../../../src/modules/relay/pairing/view.ts';
import { createSessions, type Sessions } from '../../../../src/modules/relay/sessions.ts';
import { capturedLog } from '../../../helpers/captured-log.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { memoryLinks } from '../../../helpers/memory-link.ts';
import { noDifferences } from '../../../helpers/no-differences.ts';

const view = (worker: string): View => ({ worker, learned: true, fresh: false, entries: 1 });

/** A HAProxy that takes every leg; what it was asked for. */
function legs(asked: string[]) {
  const legOf = (slot: string): Leg => {
    let end: (why: string) => void = () => {};
    const closed = new Promise<string>((resolve) => {
      end = resolve;
    });
    const nothing = () => {};
    return {
      ...{ slot, write: () => true, onDrain: nothing, onData: nothing, pause: nothing },
      ...{ resume: nothing, finishWriting: nothing, closed, close: () => end('closed') },
      ended: closed.then((why) => ({ why, code: undefined, connected: true })),
    };
  };
  return {
    async open({ slot }: { readonly slot: string }) {
      asked.push(`open ${slot}`);
      return { kind: 'up' as const, leg: legOf(slot) };
    },
    async drain() {
      return null;
    },
    async reset({ slot }: { readonly slot: string }) {
      asked.push(`reset ${slot}`);
      return true;
    },
  };
}

function sessionsOf(uid: string, asked: string[]) {
  const nothing = () => {};
  const sessions: Sessions = createSessions({
    differences: noDifferences,
    ...{ uid: `uid-${uid}`, log: capturedLog().log, now: () => 0 },
    onChange: () => sessions.setMembers([]),
    haproxy: { at: { path: '/nowhere' }, local: 'self', slots: ['s1'], tables: 1 },
    legs: legs(asked),
    splice: (leg) => ({ stop: leg.close }),
    on: { lesson: nothing, linked: nothing, parted: nothing, full: nothing },
  });
  return sessions;
}

async function meet(own: Sessions, other: string): Promise<void> {
  const links = memoryLinks();
  const sessions = sessionsOf(other, []);
  sessions.setView(null);
  sessions.setView(view(`of ${other}`));
  const [one, two] = links.make('own', other);
  own.linked(one);
  sessions.linked(two);
  await eventually(() => own.siblings().some(({ name, paired }) => name === other && paired));
  links.cut('own');
  await eventually(() => own.siblings().length === 0);
  await sessions.stop();
}

it.each([
  ['the same worker', [view('w1')], ['open s1', 'reset s1', 'open s1']],
  [
    'the same, which did not answer for a while',
    [null, view('w1')],
    ['open s1', 'reset s1', 'open s1'],
  ],
  ['another worker, which has used none', [null, view('w2')], ['open s1', 'open s1']],
])('a slot that another had is reset: %s', async (_, views, expected) => {
  const asked: string[] = [];
  const own = sessionsOf('own', asked);
  // It starts while the sidecar runs.
  own.setView(null);
  own.setView(view('w1'));
  await meet(own, 'first');
  for (const each of views) own.setView(each);
  await meet(own, 'second');
  expect(asked).toEqual(expected);
  await own.stop();
});

it('a HAProxy that still learns gets another session with one that has learned since this one began', async () => {
  const asked: string[] = [];
  const learning = (worker: string): View => ({ ...view(worker), learned: false });
  const own = sessionsOf('own', asked);
  const other = sessionsOf('other', []);
  own.setView(null);
  own.setView(learning('w1'));
  other.setView(learning('of other'));
  const [one, two] = memoryLinks().make('own', 'other');
  own.linked(one);
  other.linked(two);
  const paired = () => own.siblings().some((each) => each.paired && each.view?.learned);
  await eventually(() => own.siblings().some((each) => each.paired));
  expect(asked).toEqual(['open s1']);
  other.setView(view('of other'));
  await eventually(() => paired() && asked.length === 2);
  // It has been asked, and what it holds is on its way: one that learned later changes nothing.
  other.setView({ ...view('of other'), entries: 2 });
  own.setView(view('w1'));
  await eventually(() => other.siblings().some((each) => each.paired && each.view?.learned));
  expect(asked).toEqual(['open s1', 'open s1']);
  await Promise.all([own.stop(), other.stop()]);
});
