import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDesk } from '../../../../../src/modules/relay/difference/desk.ts';
import { createDifferences } from '../../../../../src/modules/relay/difference/differences.ts';
import type { Learned, LearnOptions } from '../../../../../src/modules/relay/difference/learn.ts';
import type { LinkDifference } from '../../../../../src/modules/relay/difference/link-difference.ts';
import { readStep } from '../../../../../src/modules/relay/difference/messages.ts';
import type { TeachOptions } from '../../../../../src/modules/relay/difference/teach.ts';
import type { View } from '../../../../../src/modules/relay/pairing/view.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';

const minute = 60_000;
let startMs = 0;
const now = () => Date.now() - startMs;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  startMs = Date.now();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What the wire is like: how long a message takes, 0 to 1 each time; they stay in their order. */
type Delay = () => number;

/** Numbers from 0 to 1 that differ between replicas: with the same ones three that ask each other in a circle meet again and again. */
function chance(name: string): () => number {
  let state = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 2147483647;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
}

/**
 * A replica whose HAProxy is a set of keys: a fake, because real ones do not run on a virtual clock. What is learned and taught is
 * what `RemoteLesson` and `asked` hand on, as with a real one.
 */
function replica(
  name: string,
  keys: readonly string[],
  lessonMs: Delay,
  ends?: Learned,
  /** When its HAProxy learned all, on the virtual clock; missing: long ago. */
  learnedAtMs = -1e9,
) {
  const held = new Set(keys);
  const { log, lines } = capturedLog();
  let view: View | null = { worker: `w-${name}`, learned: true, fresh: false, entries: 1 };
  /** Lessons that its HAProxy takes part in now. */
  let lessons = 0;
  let mostLessons = 0;
  const learned: string[] = [];
  async function alone<T>(act: () => Promise<T>): Promise<T> {
    lessons += 1;
    mostLessons = Math.max(mostLessons, lessons);
    try {
      return await act();
    } finally {
      lessons -= 1;
    }
  }
  const wait = () => new Promise((resolve) => setTimeout(resolve, 1 + 2000 * lessonMs()));
  const differences = createDifferences({
    ...{ uid: `uid-${name}`, desk: createDesk(), log, now, random: chance(name) },
    session: { at: { path: '' }, local: '', slot: '', timeoutMs: 1, tables: 1, silentMs: 1, now },
    view: () => view,
    settledMs: () => now() - learnedAtMs,
    onLearned: (pod) => void learned.push(pod),
    learn: ({ lesson }: LearnOptions) =>
      alone(async (): Promise<Learned> => {
        let taken = 0;
        if (ends !== undefined) return ends;
        try {
          await wait();
          for (;;) {
            const chunk = await lesson.next();
            if (chunk === null) break;
            const key = chunk.bytes.toString();
            if (!held.has(key)) taken += 1;
            held.add(key);
          }
        } catch (error) {
          return { kind: 'failed', why: String(error) };
        }
        return {
          kind: 'learned',
          taken,
          newer: 0,
          skipped: 0,
          recent: 0,
          expired: 0,
          otherTable: 0,
          left: [],
        };
      }),
    teach: ({ id, send, asked }: TeachOptions) =>
      alone(async () => {
        try {
          for (const key of [...held]) {
            await asked();
            await wait();
            const bytes = Buffer.from(key).toString('base64');
            send({ step: 'piece', id, ageMs: 0, uncertainMs: 0, bytes, last: true });
          }
          await asked();
        } catch (error) {
          send({ step: 'end', id, why: String(error) });
          return { kind: 'consumer' as const, why: String(error) };
        }
        send({ step: 'end', id, why: null });
        return { kind: 'whole' as const, entries: held.size, bytes: 1, written: new Map() };
      }),
  });
  return {
    ...{ name, held, differences, lines, learned, view: () => view },
    mostLessons: () => mostLessons,
    isBusy: () => lessons > 0,
    become(next: View | null) {
      view = next;
    },
  };
}
type Replica = ReturnType<typeof replica>;

/** A link between two of them, each of which was linked with the other before. */
function linkOf(one: Replica, other: Replica, delay: Delay, isPaired = true) {
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  let isCut = false;
  const sent: string[] = [];
  /** What each of the two was told of the comparisons of the other one. */
  const compared: string[] = [];
  const ends: LinkDifference[] = [];
  function half(from: Replica, to: Replica, at: number): LinkDifference {
    let lastMs = 0;
    const end = {
      other: { pod: to.name, uid: `uid-${to.name}` },
      closed,
      send(message: unknown) {
        if (isCut) throw new Error('sent after the end');
        const step = readStep(message)?.step ?? '';
        sent.push(`${from.name} ${step}`);
        lastMs = Math.max(lastMs, now() + 500 * delay());
        setTimeout(() => !isCut && ends[at]?.hear(structuredClone(message)), lastMs - now());
      },
    };
    return from.differences.link(end, {
      marks: () => new Map(),
      compared: ({ why }) => void compared.push(`${from.name}: ${why}`),
    });
  }
  ends.push(half(one, other, 1), half(other, one, 0));
  const look = (paired = true) => {
    ends[0]?.look(other.view(), paired);
    ends[1]?.look(one.view(), paired);
  };
  look(isPaired);
  return {
    ...{ sent, look, compared, willCompare: () => ends.map((end) => end.willCompare()) },
    async cut() {
      // Who hears of the end first still sends, and that is lost.
      resolve('cut');
      await Promise.resolve();
      await Promise.resolve();
      isCut = true;
    },
  };
}

/** Both know that there was a link before. */
async function knownTo(...all: readonly Replica[]): Promise<void> {
  for (const [at, one] of all.entries())
    for (const other of all.slice(at + 1)) {
      const before = linkOf(one, other, () => 0);
      await before.cut();
    }
  await vi.advanceTimersByTimeAsync(1);
}

const parts = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
const delayOf =
  (stream: Iterator<number>): Delay =>
  () =>
    stream.next().value ?? 0;
const anyKeys = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 6 });

describe('a pod that has joined, whose sessions come late', () => {
  /** `joiner` and `other` are linked in time, and have a session half a minute later. `meanwhile`: after 10 s. */
  async function sessionLate(meanwhile: (gone: { cut(): Promise<void> }) => Promise<void>) {
    const delay = () => 0.5;
    const joiner = replica('joiner', ['a'], delay, undefined, 1000);
    const other = replica('other', ['a', 'b'], delay);
    const third = replica('third', ['a'], delay);
    await vi.advanceTimersByTimeAsync(1000);
    const gone = linkOf(other, third, delay, false);
    const link = linkOf(joiner, other, delay, false);
    await vi.advanceTimersByTimeAsync(10_000);
    await meanwhile(gone);
    await vi.advanceTimersByTimeAsync(20_000);
    const will = link.willCompare();
    link.look();
    await vi.advanceTimersByTimeAsync(minute);
    return { joiner, will, sent: link.sent };
  }

  it('is not compared where the set was whole all the time', async () => {
    const { joiner, will, sent } = await sessionLate(async () => {});
    expect(will).toEqual([false, false]);
    expect(joiner.held).toEqual(new Set(['a']));
    expect(sent.toSorted()).toEqual(['joiner standing', 'other standing']);
  });

  it('is compared where the other one has lost a link meanwhile, and has told so', async () => {
    const { joiner, will, sent } = await sessionLate((gone) => gone.cut());
    expect(will).toEqual([true, true]);
    expect(joiner.held).toEqual(new Set(['a', 'b']));
    expect(sent.filter((each) => each === 'other standing')).toHaveLength(2);
  });
});

it('another worker is told of once to who has not decided, however often it is looked at', async () => {
  const delay = () => 0;
  const [one, other, third] = ['one', 'other', 'third'].map((name) => replica(name, [], delay));
  if (one === undefined || other === undefined || third === undefined) throw new Error('none');
  const decided = linkOf(other, third, delay);
  await vi.advanceTimersByTimeAsync(minute);
  const undecided = linkOf(one, other, delay, false);
  await vi.advanceTimersByTimeAsync(1000);
  const told = () => undecided.sent.filter((each) => each === 'other standing').length;
  expect(told()).toBe(1);

  third.become({ worker: 'w2', learned: false, fresh: true, entries: 0 });
  for (let look = 0; look < 10; look++) {
    decided.look();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(told()).toBe(2);
  third.become({ worker: 'w2', learned: true, fresh: true, entries: 0 });
  decided.look();
  await vi.advanceTimersByTimeAsync(1000);
  expect(told()).toBe(2);
});

describe('lessons over links', () => {
  it('are known to come before the session, and their end is said once, when both have all', async () => {
    await fc.assert(
      fc.asyncProperty(anyKeys, anyKeys, parts, async (keys, others, stream) => {
        const [one, other] = [
          replica('one', keys, delayOf(stream)),
          replica('other', others, delayOf(stream)),
        ];
        await knownTo(one, other);
        const link = linkOf(one, other, delayOf(stream), false);
        await vi.advanceTimersByTimeAsync(900);
        expect(link.willCompare()).toEqual([true, true]);
        link.look();
        expect(link.willCompare()).toEqual([false, false]);
        await vi.advanceTimersByTimeAsync(5 * minute);

        expect([...one.held].toSorted()).toEqual([...other.held].toSorted());
        expect(link.compared.toSorted()).toEqual(['one: null', 'other: null']);
        await link.cut();
      }),
      { numRuns: 30 },
    );
  });

  it('say that they cannot be given, where HAProxy holds too many entries', async () => {
    const one = replica('one', ['a'], () => 0);
    const other = replica('other', ['b'], () => 0, {
      kind: 'too-large',
      why: 'too many',
    });
    await knownTo(one, other);
    const link = linkOf(one, other, () => 0);
    await vi.advanceTimersByTimeAsync(minute);

    expect(link.compared.toSorted()).toEqual(['one: too many', 'other: null']);
    await link.cut();
  });

  it('leave all replicas with what any has, in whatever order messages come, one lesson at a time in each', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyKeys, { minLength: 2, maxLength: 4 }),
        parts,
        async (keys, stream) => {
          const delay = delayOf(stream);
          const all = keys.map((own, at) => replica(`r${at}`, own, delay));
          await knownTo(...all);
          for (const [at, one] of all.entries())
            for (const other of all.slice(at + 1)) linkOf(one, other, delay);
          await vi.advanceTimersByTimeAsync(10 * minute);

          const union = [...new Set(keys.flat())].toSorted();
          for (const one of all) {
            expect([...one.held].toSorted()).toEqual(union);
            expect(one.mostLessons()).toBe(1);
            // Over each link at least one, and three at the most.
            for (const other of all) {
              const times = one.learned.filter((pod) => pod === other.name).length;
              if (other !== one) expect(times).toBeGreaterThanOrEqual(1);
              expect(times).toBeLessThanOrEqual(3);
            }
          }
          // Nothing is owed any more.
          expect(vi.getTimerCount()).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a link that is cut at any moment ends its lessons, and the next one brings the rest', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyKeys,
        anyKeys,
        fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 4 }),
        parts,
        async (mine, theirs, cuts, stream) => {
          const delay = delayOf(stream);
          const [a, b] = [replica('a', mine, delay), replica('b', theirs, delay)];
          await knownTo(a, b);
          for (const ms of cuts) {
            const link = linkOf(a, b, delay);
            await vi.advanceTimersByTimeAsync(ms);
            await link.cut();
            // A lesson that waits for its HAProxy ends with that.
            await vi.advanceTimersByTimeAsync(2100);
            expect([a.isBusy(), b.isBusy(), vi.getTimerCount()]).toEqual([false, false, 0]);
          }
          linkOf(a, b, delay);
          await vi.advanceTimersByTimeAsync(5 * minute);

          const union = [...new Set([...mine, ...theirs])].toSorted();
          expect([[...a.held].toSorted(), [...b.held].toSorted()]).toEqual([union, union]);
          expect(Math.max(a.mostLessons(), b.mostLessons())).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a HAProxy that does not answer at first is compared once it does', async () => {
    const [a, b] = [replica('a', ['x'], () => 0), replica('b', ['y'], () => 0)];
    await knownTo(a, b);
    const before = a.view();
    a.become(null);
    const link = linkOf(a, b, () => 0);
    await vi.advanceTimersByTimeAsync(minute);
    expect([a.learned, b.learned]).toEqual([[], []]);
    a.become(before);
    link.look();
    await vi.advanceTimersByTimeAsync(minute);
    expect([[...a.held].toSorted(), [...b.held].toSorted()]).toEqual([
      ['x', 'y'],
      ['x', 'y'],
    ]);
  });

  it('a HAProxy that stops answering before the lesson begins is asked again later, ever more seldom', async () => {
    const [a, b] = [replica('a', ['x'], () => 0), replica('b', ['y'], () => 0)];
    await knownTo(a, b);
    const { sent } = linkOf(a, b, () => 0);
    await vi.advanceTimersByTimeAsync(500);
    b.become(null);
    await vi.advanceTimersByTimeAsync(10 * minute);
    const asked = sent.filter((each) => each === 'a ask').length;
    // 0.5, 1, 2 … 60 s apart, a quarter less each: of ten minutes these are less than 25.
    expect(asked).toBeGreaterThan(8);
    expect(asked).toBeLessThan(25);
    expect(a.learned).toEqual([]);
    b.become({ worker: 'w-b', learned: true, fresh: false, entries: 1 });
    await vi.advanceTimersByTimeAsync(2 * minute);
    expect([...a.held].toSorted()).toEqual(['x', 'y']);
  });

  it('two that were never linked before are not compared when one of them has just joined', async () => {
    const [a, b] = [replica('a', ['x'], () => 0), replica('b', ['y'], () => 0)];
    b.become({ worker: 'w-b', learned: false, fresh: true, entries: 0 });
    const { sent } = linkOf(a, b, () => 0);
    await vi.advanceTimersByTimeAsync(minute);
    expect(sent.filter((each) => each.endsWith('ask'))).toEqual([]);
  });

  it('a HAProxy that is reloaded again and again is compared now and then, and once more after the last reload', async () => {
    const [a, b] = [replica('a', ['x'], () => 0), replica('b', ['y'], () => 0)];
    await knownTo(a, b);
    const link = linkOf(a, b, () => 0);
    await vi.advanceTimersByTimeAsync(minute);
    const before = a.learned.length;
    for (let reload = 1; reload <= 60; reload += 1) {
      a.become({ worker: `w-a-${reload}`, learned: true, fresh: false, entries: 1 });
      b.held.add(`lost by ${reload}`);
      link.look();
      await vi.advanceTimersByTimeAsync(10_000);
    }
    // Ten minutes. One that took something is followed by another one, and perhaps by a third.
    expect(a.learned.length - before).toBeLessThanOrEqual(3 * 15);
    expect(a.lines.some(({ msg }) => msg === 'a lesson by difference waits')).toBe(true);
    await vi.advanceTimersByTimeAsync(2 * minute);
    expect([...a.held].toSorted()).toEqual([...b.held].toSorted());
    expect(vi.getTimerCount()).toBe(0);
  });
});
