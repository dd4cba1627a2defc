import type { View } from '../pairing/view.ts';
import { dampen, type Reasons } from './damping.ts';
import { entriesAtMost } from './index.ts';
import { type DifferenceStep, readStep, writeStep } from './messages.ts';
import { differenceNeed } from './need.ts';
import { createPupil } from './pupil.ts';
import type { SessionFrom, Shared } from './shared.ts';
import { createTeacher } from './teacher.ts';

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
  /** The other side is to compare its HAProxy with ours once more. */
  askToCompare(why: string): void;
  /** The other side will compare its HAProxy with ours as soon as there is a session, the first one over this link, and says when it has. */
  willCompare(): boolean;
}

/** What the other side has said of its HAProxy, and when. */
interface Standing {
  readonly settledMs: number;
  readonly hadLink: boolean;
  readonly compares: boolean;
  readonly wholeMs: number;
  readonly atMs: number;
}

/** The other side has freed the slot of its HAProxy by then. */
const againMs = 1000;

/** Asks for lessons where they are needed, and gives those that the other side asks for. */
export function createLinkDifference(
  shared: Shared,
  link: LinkToCompare,
  hadLink: boolean,
  from: SessionFrom,
): LinkDifference {
  const { log, now, whole } = shared;
  const sinceMs = now();
  const { pod, uid } = link.other;
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, shared.stopped]);
  let theirs: View | null = null;
  let isPaired = false;
  let hasTold = false;
  let standing: Standing | null = null;
  /** The two workers that it was decided for. */
  let decidedFor: string | null = null;
  /** The two workers that were seen last. */
  let seen: string | null = null;
  /** How many sessions have ended over this link, and how many of them it was decided for. */
  let partings = 0;
  let partingsDecided = 0;
  /** Reloads and sessions that were away, over this link. */
  let reasons: Reasons | null = null;

  function send(step: DifferenceStep): void {
    if (!signal.aborted) link.send(writeStep(step));
  }
  void link.closed.then(() => {
    ended.abort();
    whole.broken();
  });
  function tellStanding(): void {
    const settledMs = shared.settledMs();
    send({ step: 'standing', settledMs, hadLink, compares: true, wholeMs: whole.ms() });
  }
  // The other side decides when this one does, within the time of a message.
  const stopTelling = whole.onBroken(() => {
    if (hasTold && decidedFor === null) tellStanding();
  });
  signal.addEventListener('abort', stopTelling, { once: true });
  const sides = { pod, uid, send, signal };
  const mayBegin = () => isPaired && shared.view()?.learned === true && theirs?.learned === true;
  const pupil = createPupil(shared, sides, mayBegin);
  const teacher = createTeacher(shared, sides, from.marks);

  function needOf(mine: View | null, again: boolean, parted: boolean) {
    return differenceNeed({
      ...{ mine, theirs, again, parted, joiners: shared.joiners === true },
      linkedMs: now() - sinceMs,
      // Until it is told anew, what it has told goes on.
      wholeMs: Math.min(
        whole.ms(),
        standing === null ? 0 : standing.wholeMs + now() - standing.atMs,
      ),
      hadLink: hadLink || standing?.hadLink === true,
      mineSettledMs: shared.settledMs(),
      theirsSettledMs: standing === null ? null : standing.settledMs + now() - standing.atMs,
    });
  }

  /** Each change of a worker breaks the set once, however often it is looked at until it has learned. */
  function see(mine: View | null, workers: string): void {
    if (mine === null || theirs === null || seen === workers) return;
    const isChange = seen !== null;
    seen = workers;
    if (isChange) whole.broken();
  }

  function decide(): void {
    const mine = shared.view();
    const workers = `${mine?.worker} ${theirs?.worker}`;
    see(mine, workers);
    const parted = partings !== partingsDecided;
    if ((workers === decidedFor && !parted) || !isPaired || signal.aborted) return;
    const isFirst = decidedFor === null;
    const need = needOf(mine, !isFirst && decidedFor !== workers, parted);
    if (need.kind === 'later') return;
    decidedFor = workers;
    partingsDecided = partings;
    log.debug({ pod, kind: need.kind, why: need.why }, 'whether to compare with a peer');
    if (need.kind !== 'needed') pupil.notDue();
    // A session may wait for the first one over a link.
    else pupil.need(need.why, isFirst ? need.afterMs : afterOthers(need.why, need.afterMs));
  }

  function afterOthers(need: string, wantedMs: number): number {
    const { why, afterMs, ...rest } = dampen(reasons, wantedMs, now());
    reasons = rest.reasons;
    if (why !== null) log.info({ pod, why: need, waits: why }, 'a lesson by difference waits');
    return afterMs;
  }

  function heard(step: DifferenceStep): void {
    if (step.step === 'standing') {
      const { settledMs, hadLink: had, compares = false, wholeMs = 0 } = step;
      standing = { settledMs, hadLink: had, compares, wholeMs, atMs: now() };
    } else if (step.step === 'compared') from.compared(step);
    else if (step.step === 'again') pupil.need(step.why, againMs);
    else if (step.step === 'ask') teacher.asked(step.id);
    else if (step.step === 'more') teacher.more(step.id);
    else if (step.step === 'stop') teacher.stop(step.id);
    else pupil.hear(step.id, step);
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
        tellStanding();
      }
      decide();
      pupil.look();
    },
    parted() {
      partings += 1;
      decide();
    },
    askToCompare: (reason) => send({ step: 'again', why: reason }),
    willCompare() {
      const isKnown = decidedFor === null && standing?.compares === true;
      const fits = (theirs?.entries ?? 0) <= entriesAtMost;
      return isKnown && fits && needOf(shared.view(), false, false).kind === 'needed';
    },
  };
}
