import type { Log } from '../../log.ts';
import type { Differences } from './difference/differences.ts';
import type { LinkDifference } from './difference/link-difference.ts';
import type { Leg } from './legs/open-leg.ts';
import type { OpenOwnLeg } from './own-legs.ts';
import type { OwnSlots } from './own-slots.ts';
import { createDebt, type Debt } from './pairing/debt.ts';
import { type PairRun, runPair, type Spliced } from './pairing/run-pair.ts';
import type { View } from './pairing/view.ts';
import { createSessionBeginning, type SessionBeginning } from './session-beginning.ts';
import type { LinkTo } from './sibling-link.ts';

/** For whoever counts. */
export interface SessionEvents {
  /** `why` the own HAProxy teaches the other all it holds. */
  lesson(pod: string, why: string): void;
  /** The first session over a link, so long after it. */
  linked(pod: string, ms: number): void;
  /** A session that was there has ended. */
  parted(pod: string, why: string): void;
  /** No slot is left for it. */
  full(pod: string): void;
}

export interface LinkSessionOptions {
  readonly link: LinkTo;
  /** Our own. */
  readonly uid: string;
  readonly slots: Pick<OwnSlots, 'compared' | 'held'>;
  readonly open: OpenOwnLeg;
  readonly splice: (leg: Leg, link: LinkTo, beats: boolean) => Spliced;
  readonly differences: Differences;
  /** Our HAProxy as it is now; null: it does not answer. */
  readonly view: () => View | null;
  readonly log: Log;
  readonly onChange: () => void;
  readonly on: SessionEvents;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** What there is over one link, one session after the other. */
export interface LinkSession {
  readonly link: LinkTo;
  readonly run: PairRun;
  readonly debt: Debt;
  readonly difference: LinkDifference;
  readonly from: SessionBeginning;
}

/** Begins sessions over a link as soon as both sides have told how their HAProxy is. */
export function createLinkSession(options: LinkSessionOptions): LinkSession {
  const { link, slots, open, log, now, on, view } = options;
  const { uid, pod } = link.other;
  let wasPaired = false;
  /** Their HAProxy had learned when the session began, so ours can learn from it. */
  let couldTeach = true;
  const debt = createDebt(now);
  const startedAtMs = now();
  // A link without a reader of data brings no messages either. What comes outside of a session belongs to one that is over.
  link.onData(() => {});
  const difference = options.differences.link(link, {
    marks: () => from.marks(),
    compared: (told) => from.compared(told),
  });
  const from = createSessionBeginning({
    willCompare: difference.willCompare,
    onWhole: () => slots.compared(uid),
    again: (why) => run.again(why),
  });
  const run: PairRun = runPair({
    link: {
      send: (message) => link.send(message),
      onMessage: (act) => link.onMessage((message) => difference.hear(message) || act(message)),
    },
    lead: link.lead ?? options.uid < uid,
    open(theirs, asked, signal) {
      couldTeach = theirs.learned;
      return open(link.other, theirs, (mine) => debt.begin(mine, asked), from, signal);
    },
    splice: (leg, beats) => options.splice(leg, link, beats),
    onChange() {
      difference.look(run.theirs(), run.paired());
      options.onChange();
      // HAProxy asks one that could not teach it no more in this session.
      if (couldTeach || view()?.learned !== false || run.theirs()?.learned !== true) return;
      if (run.paired()) run.again(`${pod} has learned, and can teach now`);
    },
    onPaired() {
      if (!wasPaired) on.linked(pod, now() - startedAtMs);
      wasPaired = true;
      debt.paired();
      from.paired();
      log.info({ pod, slot: slots.held(uid) }, 'paired');
    },
    onDown(why, isPaired) {
      debt.ended();
      if (!isPaired) return log.debug({ pod, why }, 'not paired');
      log.info({ pod, why }, 'session ended');
      on.parted(pod, why);
    },
    now,
  });
  return { link, run, debt, difference, from };
}
