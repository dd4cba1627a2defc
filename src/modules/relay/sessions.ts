import type { Log } from '../../log.ts';
import type { Member } from '../../model/member.ts';
import type { Differences } from './difference/differences.ts';
import type { LinkDifference } from './difference/link-difference.ts';
import type { Leg } from './legs/open-leg.ts';
import { createOwnLegs, type Legs, type OwnHaproxy } from './own-legs.ts';
import { createOwnSlots } from './own-slots.ts';
import { createDebt, type Debt } from './pairing/debt.ts';
import { type PairRun, runPair, type Spliced } from './pairing/run-pair.ts';
import { sameView, type View } from './pairing/view.ts';
import { createSessionBeginning, type SessionBeginning } from './session-beginning.ts';
import type { LinkTo } from './sibling-link.ts';

export interface SessionsOptions {
  readonly uid: string;
  readonly haproxy: OwnHaproxy;
  readonly legs: Legs;
  readonly splice: (leg: Leg, link: LinkTo, beats: boolean) => Spliced;
  readonly differences: Differences;
  readonly log: Log;
  readonly onChange: () => void;
  readonly on: SessionEvents;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

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

/** One other replica, as the relay has it. */
export interface Sibling {
  readonly name: string;
  readonly uid: string;
  readonly address: string;
  readonly slot: string | null;
  readonly view: View | null;
  readonly paired: boolean;
}

export interface Sessions {
  /** Another sidecar is linked, in place of what was linked to that pod before. */
  linked(link: LinkTo): void;
  /** The own HAProxy is another one than before; null: it does not answer. */
  setView(view: View | null): void;
  setMembers(members: readonly Member[]): void;
  siblings(): readonly Sibling[];
  /** Asks this replica to teach ours all it holds. */
  askLesson(uid: string, why: string): void;
  /** Has all that are paired compare themselves with ours once more. Their names. */
  askToCompare(why: string): readonly string[];
  stop(): Promise<void>;
}

interface Linked {
  readonly link: LinkTo;
  readonly run: PairRun;
  readonly debt: Debt;
  readonly difference: LinkDifference;
  readonly from: SessionBeginning;
}

/** The sessions of our HAProxy with all others, each over a link to its sidecar and on a slot of its own. */
export function createSessions(options: SessionsOptions): Sessions {
  const { haproxy, legs, log, now, on } = options;
  const linked = new Map<string, Linked>();
  /** What has to be over before the pod's slot is used anew. */
  const leaving = new Map<string, Promise<unknown>>();
  /** Links that wait for that. */
  const waiting = new Map<string, LinkTo>();
  const slots = createOwnSlots(haproxy.slots, { log, onFull: on.full });
  let view: View | null = null;
  const open = createOwnLegs({
    ...{ haproxy, legs, slots, log },
    view: () => view,
    onLesson: on.lesson,
  });

  function start(link: LinkTo): void {
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
        if (couldTeach || view?.learned !== false || run.theirs()?.learned !== true) return;
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
    linked.set(uid, { link, run, debt, difference, from });
    // How we stand is said before the other side can begin a session.
    difference.look(run.theirs(), run.paired());
    run.mine(view);
    options.onChange();
    void link.closed.then((why) => {
      from.stop();
      if (linked.get(uid)?.run === run) {
        linked.delete(uid);
        slots.unlinked(uid);
      }
      if (run.paired()) {
        log.info({ pod, why }, 'session ended');
        on.parted(pod, why);
      }
      leave(uid, run.stop());
      options.onChange();
    });
  }

  function leave(uid: string, stopped: Promise<unknown>): void {
    const all = Promise.all([leaving.get(uid), stopped]);
    leaving.set(uid, all);
    void all.then(() => {
      if (leaving.get(uid) !== all) return;
      leaving.delete(uid);
      options.onChange();
    });
  }

  return {
    linked(link) {
      const { uid } = link.other;
      const earlier = linked.get(uid);
      linked.delete(uid);
      if (earlier !== undefined) {
        leave(uid, earlier.run.stop());
        earlier.link.close('replaced by another link');
      }
      waiting.get(uid)?.close('replaced by another link');
      waiting.set(uid, link);
      void link.closed.then(() => {
        if (waiting.get(uid) === link) waiting.delete(uid);
      });
      void (leaving.get(uid) ?? Promise.resolve()).then(() => {
        if (waiting.get(uid) !== link) return;
        waiting.delete(uid);
        start(link);
      });
    },
    setView(next) {
      slots.look(next);
      if (sameView(view, next)) return;
      const hasLearned = next?.learned === true && view?.learned !== true;
      view = next;
      for (const { run, difference } of linked.values()) {
        run.mine(view);
        difference.look(run.theirs(), run.paired());
      }
      if (next === null || !hasLearned) return;
      // A session that began before that could not begin with the lesson.
      for (const { run, debt } of linked.values())
        if (debt.isDue(next) || run.asked()) run.again('HAProxy has taken over its tables');
    },
    setMembers(members) {
      slots.retain(members, (uid) => linked.has(uid) || waiting.has(uid) || leaving.has(uid));
    },
    siblings: () =>
      [...linked].map(([uid, { link, run }]) => ({
        ...{ uid, name: link.other.pod, address: link.address, slot: slots.held(uid) },
        ...{ view: run.theirs(), paired: run.paired() },
      })),
    askLesson(uid, why) {
      linked.get(uid)?.link.send({ type: 'lesson', why });
    },
    askToCompare(why) {
      const paired = [...linked.values()].filter(({ run }) => run.paired());
      for (const { difference } of paired) difference.askToCompare(why);
      return paired.map(({ link }) => link.other.pod);
    },
    async stop() {
      await options.differences.stop();
      for (const { from } of linked.values()) from.stop();
      await Promise.all([...linked.values()].map(({ run }) => run.stop()));
      await Promise.all(leaving.values());
    },
  };
}
