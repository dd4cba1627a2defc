import type { Member } from '../../model/member.ts';
import { createLinkSession, type LinkSession, type LinkSessionOptions } from './link-session.ts';
import { createOwnLegs, type Legs, type OwnHaproxy } from './own-legs.ts';
import { createOwnSlots } from './own-slots.ts';
import { sameView, type View } from './pairing/view.ts';
import type { LinkTo } from './sibling-link.ts';

export interface SessionsOptions
  extends Omit<LinkSessionOptions, 'link' | 'slots' | 'open' | 'view'> {
  readonly haproxy: OwnHaproxy;
  readonly legs: Legs;
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

/** The sessions of our HAProxy with all others, each over a link to its sidecar and on a slot of its own. */
export function createSessions(options: SessionsOptions): Sessions {
  const { haproxy, legs, log, on } = options;
  const linked = new Map<string, LinkSession>();
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
    const session = createLinkSession({ ...options, link, slots, open, view: () => view });
    const { run, difference, from } = session;
    linked.set(uid, session);
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
