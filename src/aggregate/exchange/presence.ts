import { ticksSince } from '../codec/ticks.ts';
import type { Ledger } from '../store/ledger.ts';

/** A link that is lost may be back: for so long its HAProxy counts as there. */
export const graceMs = 10_000;
const lookMs = 1000;

/** Which HAProxys are there: connections that are open now are those of these only. */
export interface Presence {
  /** A sidecar says what its HAProxy is called. `who`: stands for the link with it. */
  speaks(who: object, origin: string): void;
  /** The link with it is gone. */
  left(who: object): void;
  /** Once a second: sees who has gone, and has sums told again that are less for it. */
  look(now: number): void;
}

export function createPresence(ledger: Ledger): Presence {
  const spoken = new Map<object, string>();
  /** When each was there last, or was heard of at first. */
  const seenAt = new Map<string, number>();
  /** They are not there any more, for as long as nobody speaks for them: nor when ticks cannot be compared any more. */
  const gone = new Set<string>();
  let own: string | undefined;
  let lookedAt: number | undefined;

  function isGone(origin: string, live: ReadonlySet<string>, now: number): boolean {
    if (live.has(origin)) {
      gone.delete(origin);
      seenAt.set(origin, now);
      return false;
    }
    const since = seenAt.get(origin) ?? now;
    seenAt.set(origin, since);
    if (ticksSince(since, now) >= graceMs) gone.add(origin);
    return gone.has(origin);
  }

  function forgetOthers(known: ReadonlySet<string>): void {
    for (const origin of seenAt.keys()) if (!known.has(origin)) seenAt.delete(origin);
    for (const origin of gone) if (!known.has(origin)) gone.delete(origin);
  }

  /** Who speaks for another HAProxy now says that the one before has ended. */
  function speaksFor(before: string | undefined, origin: string): void {
    if (before !== undefined && before !== origin) gone.add(before);
  }

  return {
    speaks(who, origin) {
      if (origin === '') return;
      speaksFor(spoken.get(who), origin);
      spoken.set(who, origin);
    },
    left(who) {
      spoken.delete(who);
    },
    look(now) {
      if (lookedAt !== undefined && ticksSince(lookedAt, now) < lookMs) return;
      lookedAt = now;
      const current = ledger.own?.origin;
      if (current !== undefined) speaksFor(own, current);
      own = current ?? own;
      const live = new Set([...spoken.values(), ...(own === undefined ? [] : [own])]);
      const runs = ledger.runs.all().filter(({ isStaged }) => !isStaged);
      let hasChanged = false;
      for (const run of runs) {
        const before = run.isGone;
        run.isGone = isGone(run.origin, live, now);
        hasChanged ||= run.isGone !== before;
      }
      forgetOthers(new Set(runs.map(({ origin }) => origin)));
      if (!hasChanged) return;
      for (const { layout, store } of ledger.tables.values())
        if (layout.fields.some(({ isLocal }) => isLocal)) store.markAll();
    },
  };
}
