import { nanoid } from 'nanoid';
import { startTimer } from '../../../clock.ts';
import type { Seat } from './desk.ts';
import type { Learned } from './learn.ts';
import { type DifferenceStep, tablesAtMost } from './messages.ts';
import { nextLessonMs } from './need.ts';
import { createRemoteLesson, type RemoteLesson } from './remote-lesson.ts';
import type { Shared } from './shared.ts';

/** What the two sides of the lessons over one link share. */
export interface LinkOptions {
  /** The other one. */
  readonly pod: string;
  readonly uid: string;
  /** Does nothing when the link has ended. */
  readonly send: (step: DifferenceStep) => void;
  /** The link has ended, or this program ends. */
  readonly signal: AbortSignal;
}

/** Our side as the one that learns. */
export interface Pupil {
  /** Lessons are needed: the first one after so long, in place of those that were to come. */
  need(why: string, afterMs: number): void;
  /** None is needed now. One that is being given goes on. */
  notDue(): void;
  /** Begins what was due while one of the two HAProxys or the session was away. */
  look(): void;
  /** What the other side says of a lesson of this id. */
  hear(id: string, step: DifferenceStep): void;
}

/** The other side answers at once, or reads from its HAProxy. */
const answerMs = 10_000;
/** When to look again whether a lesson that is being given is over. */
const againMs = 1000;

/** `mayBegin`: both HAProxys and a session between them are there. */
export function createPupil(
  shared: Shared,
  { pod, uid, send, signal }: LinkOptions,
  mayBegin: () => boolean,
): Pupil {
  const { desk, session, log, now } = shared;
  /** A lesson is due, and what it needs was not there. */
  let isDue = false;
  let why = '';
  let progress = { rounds: 0, failures: 0 };
  let stopTimer = () => {};
  let lesson: { readonly id: string; readonly remote: RemoteLesson } | null = null;

  function ended(): void {
    stopTimer();
    desk.leave(begin);
    lesson?.remote.fail('the link has ended');
  }
  signal.addEventListener('abort', ended, { once: true });

  function begin(): void {
    if (signal.aborted) return;
    if (lesson !== null) {
      stopTimer = startTimer(begin, againMs);
      return;
    }
    isDue = !mayBegin();
    if (isDue) return;
    const id = nanoid();
    const remote = createRemoteLesson(id, send, { now, answerMs });
    const seat = { uid, asking: true, yield: () => remote.fail('the peer learns first') };
    if (desk.take(seat)) shared.run(learn(id, remote, seat));
    else desk.queue(begin);
  }

  async function learn(id: string, remote: RemoteLesson, seat: Seat): Promise<void> {
    lesson = { id, remote };
    const startedMs = now();
    let learned: Learned;
    try {
      const view = shared.view();
      if (view?.learned !== true) throw new Error('HAProxy of this pod does not answer, or learns');
      send({ step: 'ask', id });
      await remote.granted();
      seat.asking = false;
      const record = { ...session, signal };
      learned = await shared.learn({ record, entries: view.entries, lesson: remote });
    } catch (error) {
      learned = { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
    }
    send({ step: 'stop', id });
    lesson = null;
    over(learned, Math.round(now() - startedMs));
    desk.free(seat);
  }

  function over(learned: Learned, ms: number): void {
    if (signal.aborted) return;
    if (learned.kind === 'too-large') {
      log.warn({ pod, why: learned.why }, 'no lesson by difference');
      send({ step: 'compared', left: [], why: learned.why.slice(0, 500) });
      return;
    }
    if (learned.kind === 'learned') {
      const { taken, newer, skipped } = learned;
      log.info({ pod, why, taken, newer, skipped, ms }, 'lesson by difference');
      shared.onLearned(pod, learned);
      progress = { rounds: progress.rounds + 1, failures: 0 };
    } else {
      log.debug({ pod, why: learned.why, ms }, 'a lesson by difference came to nothing');
      progress = { ...progress, failures: progress.failures + 1 };
    }
    const open = learned.kind === 'learned' ? learned.taken + learned.recent : 0;
    const nextMs = nextLessonMs(progress, open, shared.random());
    if (nextMs !== null) stopTimer = startTimer(begin, nextMs);
    else if (learned.kind === 'learned') tellCompared(learned.left);
  }

  function tellCompared(left: readonly string[]): void {
    const fits = left.length <= tablesAtMost && left.every((name) => name.length <= 200);
    const why = fits ? null : `${left.length} tables cannot be compared`;
    send({ step: 'compared', left: fits ? [...left] : [], why });
  }

  return {
    need(reason, afterMs) {
      isDue = false;
      why = reason;
      progress = { rounds: 0, failures: 0 };
      stopTimer();
      stopTimer = startTimer(begin, afterMs);
    },
    notDue() {
      isDue = false;
    },
    look() {
      if (isDue && mayBegin()) begin();
    },
    hear(id, step) {
      if (lesson?.id === id) lesson.remote.hear(step);
    },
  };
}
