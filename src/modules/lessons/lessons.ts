import { sleep } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Membership } from '../../model/membership.ts';
import type { Observed } from '../../model/observed.ts';
import { alone, type Desk, type Seat } from '../relay/difference/desk.ts';
import { createDifferences } from '../relay/difference/differences.ts';
import { learnDifference } from '../relay/difference/learn.ts';
import type { LinkDifference, LinkToCompare } from '../relay/difference/link-difference.ts';
import type { DifferencesOptions } from '../relay/difference/shared.ts';
import { teach } from '../relay/difference/teach.ts';
import type { teachNothing } from '../relay/legs/teach-nothing.ts';
import { neverSeen, ownOf } from '../relay/own-haproxy.ts';
import { alike, type View } from '../relay/pairing/view.ts';
import { createSettled } from '../relay/settled.ts';
import { isLone } from './lone.ts';
import { readView, writeView } from './messages.ts';
import { isSettled, type SessionsSeen, seeSessions } from './sessions-seen.ts';

/** What is needed of a link to another sidecar. */
export interface LinkToTeach extends LinkToCompare {
  onMessage(act: (message: unknown) => void): void;
  /** The bytes of sessions, which no link of reload mode carries. */
  onData(act: () => void): void;
}

export interface LessonsOptions {
  /** The uid of this pod. */
  readonly uid: string;
  /** The line of HAProxy on which lessons are given and taken. */
  readonly leg: Pick<DifferencesOptions['session'], 'at' | 'local' | 'slot' | 'tables'>;
  /** The own HAProxy with its peers. */
  readonly observe: (signal: AbortSignal) => Promise<Observed>;
  /** Shared by all that use the line for lessons. */
  readonly desk: Desk;
  /** A reload waits, or runs. */
  readonly isBusy: () => boolean;
  readonly membership: () => Membership;
  readonly selfName: string;
  /** Tells a HAProxy that nobody can teach that there is nothing to learn. */
  readonly teachNothing: typeof teachNothing;
  readonly onLearned: DifferencesOptions['onLearned'];
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

export interface Lessons {
  /** Another sidecar is linked. */
  linked(link: LinkToTeach): void;
  /** Since when a lesson is given or taken, in milliseconds; null: none is. */
  sinceMs(): number | null;
  /** How many other sidecars are linked. */
  links(): number;
  /** Has all that there is a session with compare themselves with our HAProxy once more. Their names. */
  askToCompare(why: string): readonly string[];
  /** Looks at HAProxy until `signal` aborts. */
  watch(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

interface Linked {
  readonly link: LinkToTeach;
  readonly difference: LinkDifference;
  theirs: View | null;
  /** What the other side was told last; undefined: nothing. */
  told: View | null | undefined;
  /** How many sessions there had been when it was last looked; undefined: it was not. */
  sessions: number | undefined;
}

/** Sessions come and go within seconds; one look costs HAProxy what one of the status page does. */
const lookMs = 1000;
/** HAProxy is on the same machine. */
const answerMs = 1000;
/** In the middle of a lesson. */
const lessonSilentMs = 5000;

/** Compares our HAProxy with those of linked sidecars, while HAProxys themselves have the sessions. */
export function createLessons(options: LessonsOptions): Lessons {
  const { log, now, leg } = options;
  const all = new Set<Linked>();
  const settled = createSettled(now);
  /** The last lesson that was given or taken. */
  let latest: { readonly seat: Seat; readonly atMs: number } | null = null;
  let own = neverSeen;
  let sessions: SessionsSeen = new Map();
  const desk: Desk = {
    ...options.desk,
    take(seat) {
      if (!options.desk.take(seat)) return false;
      latest = { seat, atMs: now() };
      return true;
    },
  };
  /** A HAProxy that is about to be reloaded is as good as away: no lesson begins with it. */
  const view = () => (options.isBusy() ? null : own.view);
  const differences = createDifferences({
    ...{ desk, view, log, now, uid: options.uid, random: options.random },
    session: { ...leg, now, timeoutMs: answerMs, silentMs: lessonSilentMs },
    ...{ settledMs: settled.ms, learn: learnDifference, teach },
    joiners: true,
    onLearned: options.onLearned,
  });

  function look(one: Linked): void {
    const mine = view();
    if (one.told === undefined || !alike(one.told, mine)) {
      one.told = mine;
      one.link.send(writeView(mine));
    }
    const session = sessions.get(one.link.other.pod);
    const before = one.sessions;
    one.sessions = session?.count ?? before;
    one.difference.look(one.theirs, isSettled(session, now()));
    if (before !== undefined && session !== undefined && session.count > before)
      one.difference.parted();
  }

  function see(observed: Observed): void {
    own = ownOf(own, observed);
    settled.look(own.view);
    sessions = seeSessions(sessions, observed, now());
    for (const one of all) look(one);
  }

  /** HAProxy asks within the time of one look. */
  async function tellLone(observed: Observed, signal: AbortSignal): Promise<void> {
    const { membership, selfName, isBusy } = options;
    const lone = () =>
      isLone({ ...{ membership: membership(), selfName, observed }, isBusy: isBusy() });
    if (!lone()) return;
    const told = await alone(
      desk,
      () => options.teachNothing({ ...leg, ...{ timeoutMs: answerMs, signal, stillNobody: lone } }),
      signal,
    );
    if (told === 'taught')
      log.info('there is no other replica: HAProxy is told that there is nothing to learn');
    else log.debug({ told }, 'first resync');
  }

  return {
    askToCompare(why) {
      const there = [...all].filter(({ link }) => isSettled(sessions.get(link.other.pod), now()));
      for (const { difference } of there) difference.askToCompare(why);
      return there.map(({ link }) => link.other.pod);
    },
    linked(link) {
      link.onData(() => {});
      const difference = differences.link(link);
      const one: Linked = { link, difference, theirs: null, told: undefined, sessions: undefined };
      all.add(one);
      link.onMessage((message) => {
        const theirs = readView(message);
        if (theirs === undefined) difference.hear(message);
        else {
          one.theirs = theirs;
          look(one);
        }
      });
      look(one);
      void link.closed.then(() => all.delete(one));
    },
    sinceMs() {
      const holder = options.desk.holder();
      return holder !== null && holder === latest?.seat ? latest.atMs : null;
    },
    links: () => all.size,
    async watch(signal) {
      while (!signal.aborted) {
        const observed = await options.observe(signal);
        if (signal.aborted) return;
        see(observed);
        await tellLone(observed, signal);
        await sleep(lookMs, signal).catch(() => undefined);
      }
    },
    stop: differences.stop,
  };
}
