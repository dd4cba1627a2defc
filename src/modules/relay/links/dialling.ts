import type { Member } from '../../../model/member.ts';
import type { Membership } from '../../../model/membership.ts';
import { type Outcome, patienceWith, retry, type Tries, triesOf } from './redial.ts';

export interface DiallingOptions {
  readonly selfName: string;
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Remembers how often each member was dialled in vain, and when it is to be dialled again. */
export interface Dialling {
  /** Members that have no connection and whose time has come, those first that have failed least. */
  due(membership: Membership, busy: ReadonlySet<string>): readonly Member[];
  /** When the first of the others will be due, a moment of `now`. */
  nextMs(membership: Membership, busy: ReadonlySet<string>): number;
  /** A connection with it has ended. */
  ended(name: string, outcome: Outcome): void;
}

export function createDialling({ selfName, now, random }: DiallingOptions): Dialling {
  const tries = new Map<string, Tries>();

  function idle({ members }: Membership, busy: ReadonlySet<string>) {
    return members.flatMap((member) => {
      const known = tries.get(member.name);
      const isIdle = member.name !== selfName && !busy.has(member.name);
      return known !== undefined && isIdle ? [{ member, ...known }] : [];
    });
  }

  return {
    due(membership, busy) {
      const names = new Set(membership.members.map(({ name }) => name));
      // Of who is gone nothing is kept, but an unknown membership says nothing of that.
      if (membership.synced)
        for (const name of tries.keys()) if (!names.has(name)) tries.delete(name);
      for (const member of membership.members) {
        const inMs = patienceWith(selfName, member.name);
        tries.set(member.name, triesOf(member, tries.get(member.name), now(), inMs));
      }
      return idle(membership, busy)
        .filter(({ nextAtMs }) => nextAtMs <= now())
        .toSorted((a, b) => a.failures - b.failures)
        .map(({ member }) => member);
    },
    nextMs(membership, busy) {
      const moments = idle(membership, busy).map(({ nextAtMs }) => nextAtMs);
      return Math.min(Number.POSITIVE_INFINITY, ...moments);
    },
    ended(name, outcome) {
      const known = tries.get(name);
      if (known === undefined) return;
      const { failures, inMs } = retry(known, outcome, now(), random());
      const patience = outcome.kind === 'link-ended' ? patienceWith(selfName, name) : 0;
      tries.set(name, { ...known, failures, nextAtMs: now() + inMs + patience });
    },
  };
}
