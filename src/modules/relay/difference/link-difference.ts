import { nanoid } from 'nanoid';
import { startTimer } from '../../../clock.ts';
import type { View } from '../pairing/view.ts';
import type { Seat } from './desk.ts';
import { type Learned, learnDifference } from './learn.ts';
import { type DifferenceStep, readStep, writeStep } from './messages.ts';
import { differenceNeed, nextLessonMs } from './need.ts';
import { createRemoteLesson, type RemoteLesson } from './remote-lesson.ts';
import { createRequests, type Requests } from './requests.ts';
import type { Shared } from './shared.ts';
import { teach } from './teach.ts';

/** What is needed of a link. */
export interface LinkToCompare {
  readonly other: { readonly pod: string; readonly uid: string };
  send(message: unknown): void;
  readonly closed: Promise<string>;
}

/** The lessons by difference over one link. */
export interface LinkDifference {
  /** True: the message was about them. */
  hear(message: unknown): boolean;
  /** There is a session, or another view of one of the two. */
  look(theirs: View | null, paired: boolean): void;
  /** The session between the two has ended, and another one has begun over the same link. */
  parted(): void;
}

/** What the other side has said of its HAProxy, and when. */
interface Standing {
  readonly settledMs: number;
  readonly hadLink: boolean;
  readonly atMs: number;
}

/** The other side answers at once, or reads from its HAProxy. */
const answerMs = 10_000;
/** The pupil makes its index meanwhile. */
const indexMs = 60_000;

/** Asks for lessons where they are needed, and gives those that the other side asks for. */
export function createLinkDifference(
  shared: Shared,
  link: LinkToCompare,
  hadLink: boolean,
): LinkDifference {
  const { desk, session, log, now } = shared;
  const { pod, uid } = link.other;
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, shared.stopped]);
  let theirs: View | null = null;
  let isPaired = false;
  let hasTold = false;
  let standing: Standing | null = null;
  /** The two workers that it was decided for. */
  let decidedFor: string | null = null;
  /** How many sessions have ended over this link, and how many of them it was decided for. */
  let partings = 0;
  let partingsDecided = 0;
  /** A lesson is due, and one of the two HAProxys or the session is not there for it. */
  let isDue = false;
  let why = '';
  let progress = { rounds: 0, failures: 0 };
  let stopTimer = () => {};
  let lesson: { readonly id: string; readonly remote: RemoteLesson } | null = null;
  let pupil: Requests | null = null;

  function send(step: DifferenceStep): void {
    if (!signal.aborted) link.send(writeStep(step));
  }
  void link.closed.then(() => ended.abort());
  signal.addEventListener(
    'abort',
    () => {
      stopTimer();
      desk.leave(begin);
      lesson?.remote.fail('the link has ended');
      pupil?.end();
    },
    { once: true },
  );

  function decide(): void {
    const mine = shared.view();
    const workers = `${mine?.worker} ${theirs?.worker}`;
    const parted = partings !== partingsDecided;
    if ((workers === decidedFor && !parted) || !isPaired || signal.aborted) return;
    const need = differenceNeed({
      ...{ mine, theirs, again: decidedFor !== null && decidedFor !== workers, parted },
      joiners: shared.joiners === true,
      hadLink: hadLink || standing?.hadLink === true,
      mineSettledMs: shared.settledMs(),
      theirsSettledMs: standing === null ? null : standing.settledMs + now() - standing.atMs,
    });
    if (need.kind === 'later') return;
    decidedFor = workers;
    partingsDecided = partings;
    isDue = false;
    log.debug({ pod, kind: need.kind, why: need.why }, 'whether to compare with a peer');
    if (need.kind === 'never') return;
    why = need.why;
    progress = { rounds: 0, failures: 0 };
    stopTimer();
    stopTimer = startTimer(begin, need.afterMs);
  }

  function mayBegin(): boolean {
    return isPaired && shared.view()?.learned === true && theirs?.learned === true;
  }

  function begin(): void {
    if (signal.aborted || lesson !== null) return;
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
      learned = await learnDifference({ record, entries: view.entries, lesson: remote });
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
  }

  function asked(id: string): void {
    const seat: Seat = { uid, asking: false, yield() {} };
    const isReady = shared.view()?.learned === true;
    // Of two who ask each other the one with the lower uid teaches first. Nobody else is told that the desk is free, so it is taken.
    if (isReady && shared.uid < uid) desk.yieldTo(uid);
    if (!isReady || !desk.take(seat)) {
      const reason = isReady ? 'another lesson is given' : 'its HAProxy does not answer, or learns';
      send({ step: 'refused', id, why: reason });
      return;
    }
    const requests = createRequests(id, indexMs);
    pupil = requests;
    send({ step: 'granted', id });
    const record = { ...session, signal };
    shared.run(
      teach({ id, record, send, asked: requests.next }).then(({ kind }) => {
        log.debug({ pod, kind }, 'a peer has compared');
        if (pupil === requests) pupil = null;
        desk.free(seat);
      }),
    );
  }

  function heard(step: DifferenceStep): void {
    if (step.step === 'standing') {
      const { settledMs, hadLink: had } = step;
      standing = { settledMs, hadLink: had, atMs: now() };
    } else if (step.step === 'ask') asked(step.id);
    else if (step.step === 'more' || step.step === 'stop') {
      if (pupil?.id !== step.id) return;
      if (step.step === 'more') pupil.more();
      else pupil.end();
    } else if (lesson?.id === step.id) lesson.remote.hear(step);
  }

  return {
    hear(message) {
      const step = readStep(message);
      if (step === null) return false;
      if (!signal.aborted) heard(step);
      decide();
      return true;
    },
    look(view, paired) {
      theirs = view;
      isPaired = paired;
      // How our HAProxy stands is said once it is known.
      if (!hasTold && shared.view()?.learned === true) {
        hasTold = true;
        send({ step: 'standing', settledMs: shared.settledMs(), hadLink });
      }
      decide();
      if (isDue && mayBegin()) begin();
    },
    parted() {
      partings += 1;
      decide();
    },
  };
}
