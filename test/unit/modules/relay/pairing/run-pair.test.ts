import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Leg } from '../../../../../src/modules/relay/legs/open-leg.ts';
import { type PairRun, runPair } from '../../../../../src/modules/relay/pairing/run-pair.ts';
import type { View } from '../../../../../src/modules/relay/pairing/view.ts';
import type { LinkTo } from '../../../../../src/modules/relay/sibling-link.ts';
import { memoryLinks } from '../../../../helpers/memory-link.ts';
import { randomOf } from '../../../../helpers/random.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] });
});
afterEach(() => {
  vi.useRealTimers();
});

let nowMs = 0;
async function pass(ms: number): Promise<void> {
  for (let step = 0; step < ms; step += 1) {
    nowMs += 1;
    await vi.advanceTimersByTimeAsync(1);
  }
}

const view = (part: Partial<View> = {}): View => ({
  ...{ worker: 'w1', learned: true, fresh: false, entries: 5 },
  ...part,
});

interface Leased {
  readonly leg: Leg;
  readonly end: (why: string) => void;
}

function fakeLeg(): Leased {
  let end: (why: string) => void = () => {};
  const closed = new Promise<string>((resolve) => {
    end = resolve;
  });
  const nothing = () => {};
  const leg: Leg = {
    ...{ slot: 's1', write: () => true, onDrain: nothing, onData: nothing, pause: nothing },
    ...{ resume: nothing, finishWriting: nothing, closed, close: () => end('closed') },
    ended: closed.then((why) => ({ why, code: undefined, connected: true })),
  };
  return { leg, end };
}

/** What becomes of each leg that a side opens, in turn; later ones come up. */
type Fate = 'refused' | 'dies at once' | 'dies when spliced' | 'up';

function side(link: LinkTo, lead: boolean, mine: () => View, fates: Fate[]) {
  /** Why the sessions that were made had begun with a lesson; null: without one. */
  const sessions: (string | null)[] = [];
  let begun: string | null = null;
  let last: Leased | undefined;
  let fate: Fate = 'up';
  const run: PairRun = runPair({
    ...{ link, lead, now: () => nowMs, onChange() {}, onDown() {} },
    async open(_, asked) {
      fate = fates.shift() ?? 'up';
      if (fate === 'refused') return { kind: 'refused', why: 'of the test' };
      begun = mine().learned ? asked : null;
      const leased = fakeLeg();
      last = leased;
      if (fate === 'dies at once') setTimeout(() => leased.end('died'), 0);
      return { kind: 'up', leg: leased.leg, taught: begun !== null };
    },
    splice: () => ({ stop() {} }),
    onPaired() {
      sessions.push(begun);
      if (fate === 'dies when spliced') last?.end('died');
    },
  });
  return { run, sessions, endLeg: (why: string) => last?.end(why) };
}

function two(leads: boolean, fates: { teacher: Fate[]; learner: Fate[] }) {
  const [one, other] = memoryLinks().make('teacher', 'learner');
  let mine = view();
  const teacher = side(one, leads, () => mine, fates.teacher);
  const learner = side(other, !leads, () => view(), fates.learner);
  teacher.run.mine(mine);
  learner.run.mine(view({ entries: 1 }));
  return {
    teacher,
    learner,
    look(next: View) {
      mine = next;
      teacher.run.mine(next);
    },
    ask: (why: string) => other.send({ type: 'lesson', why }),
    async end() {
      await Promise.all([teacher.run.stop(), learner.run.stop()]);
    },
  };
}

const fates: readonly Fate[] = ['refused', 'dies at once', 'up'];

describe('a lesson that the other side has asked for', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'begins a session, however many rounds fail before (seed %i)',
    async (seed) => {
      const random = randomOf(seed);
      const some = () =>
        Array.from(
          { length: Math.floor(random() * 5) },
          () => fates[Math.floor(random() * fates.length)] ?? 'up',
        );
      const world = two(random() < 0.5, {
        teacher: ['up', ...some()],
        learner: ['up', ...some()],
      });
      await pass(50);
      expect(world.teacher.sessions).toEqual([null]);

      world.ask('behind');
      await pass(3000);

      expect(world.teacher.run.paired()).toBe(true);
      expect(world.teacher.sessions.at(-1)).toBe('behind');
      expect(world.teacher.run.asked()).toBe(false);
      await world.end();
    },
  );

  it('is given once where the session lasts, and again where it ends at once', async () => {
    const world = two(true, { teacher: ['up', 'dies when spliced'], learner: [] });
    await pass(50);
    world.ask('behind');
    await pass(3000);
    world.teacher.run.again('another one');
    await pass(500);

    expect(world.teacher.sessions).toEqual([null, 'behind', 'behind', null]);
    await world.end();
  });

  it('is given again where it is asked for while it begins', async () => {
    const world = two(false, { teacher: [], learner: [] });
    await pass(50);
    world.ask('behind');
    await pass(1);
    world.ask('behind');
    await pass(500);

    expect(world.teacher.sessions.at(-1)).toBe('behind');
    await world.end();
  });

  it('is not forgotten by a HAProxy that has still to learn: it teaches when it has', async () => {
    const world = two(true, { teacher: [], learner: [] });
    world.look(view({ learned: false }));
    await pass(50);
    world.ask('behind');
    await pass(500);
    expect(world.teacher.sessions.every((why) => why === null)).toBe(true);
    expect(world.teacher.run.asked()).toBe(true);

    world.look(view());
    world.teacher.run.again('it has learned');
    await pass(500);

    expect(world.teacher.sessions.at(-1)).toBe('behind');
    expect(world.teacher.run.asked()).toBe(false);
    await world.end();
  });
});

describe('a session of a worker that another one has followed', () => {
  const other = view({ worker: 'w2' });
  async function paired(leads: boolean) {
    const world = two(leads, { teacher: [], learner: [] });
    await pass(10);
    expect(world.teacher.sessions).toHaveLength(1);
    return world;
  }

  it.each([true, false])(
    'lasts until HAProxy has closed it, and the next one follows at once (leads: %s)',
    async (leads) => {
      const world = await paired(leads);
      world.look(other);
      await pass(400);
      expect([world.teacher.run.paired(), world.learner.run.paired()]).toEqual([true, true]);
      expect(world.learner.run.theirs()?.worker).toBe('w1');
      world.teacher.endLeg('reloaded');
      await pass(10);
      expect(world.teacher.sessions).toHaveLength(2);
      expect(world.learner.run.theirs()?.worker).toBe('w2');
      expect(world.teacher.run.paired()).toBe(true);
      await world.end();
    },
  );

  it.each([other, null])('is ended where HAProxy does not within half a second', async (next) => {
    const world = await paired(true);
    world.teacher.run.mine(next);
    await pass(495);
    expect(world.learner.sessions).toHaveLength(1);
    expect(world.learner.run.paired()).toBe(true);
    await pass(20);
    expect(world.learner.run.theirs()?.worker).toBe(next?.worker);
    expect(world.teacher.run.paired()).toBe(next !== null);
    expect(world.teacher.sessions).toHaveLength(next === null ? 1 : 2);
    await world.end();
  });

  it('stays where it is the same worker after all, which did not answer for a moment', async () => {
    const world = await paired(true);
    world.teacher.run.mine(null);
    await pass(200);
    world.teacher.run.mine(view({ entries: 6 }));
    await pass(2000);
    expect(world.teacher.sessions).toHaveLength(1);
    expect(world.learner.run.theirs()?.entries).toBe(6);
    await world.end();
  });

  it('that the other side ends first is followed by one of the new worker', async () => {
    const world = await paired(true);
    world.look(other);
    world.learner.endLeg('closed there');
    await pass(30);
    expect(world.learner.run.theirs()?.worker).toBe('w2');
    expect(world.teacher.run.paired()).toBe(true);
    await world.end();
    expect(vi.getTimerCount()).toBe(0);
  });
});
