import type { Membership } from '../../model/membership.ts';
import type { Observed } from '../../model/observed.ts';
import type { Other } from '../../snapshot/decide/choose.ts';
import type { Standing } from '../snapshot/recording.ts';
import type { Partner } from './ready.ts';

/** Whether no worker before the running one has handed over tables; undefined: that is not decided yet. */
export function firstWorkerOf(observed: Observed): boolean | undefined {
  const handedOver = observed.kind === 'up' ? observed.state?.handedOver : undefined;
  return handedOver === undefined ? undefined : !handedOver;
}

/** What another replica has, as far as its link tells. */
function holds({ member, view }: Partner): boolean | undefined {
  // None of its containers has started.
  if (view === undefined) return member.serving === false ? false : undefined;
  if (view === null) return undefined;
  return view.snapshot?.holds ?? (view.learned && view.entries > 0);
}

/** The other members, for whoever decides what is restored. */
export function othersOf(partners: readonly Partner[]): readonly Other[] {
  return partners.map((partner) => ({
    name: partner.member.name,
    holds: holds(partner),
    offer: partner.view?.snapshot?.offer ?? null,
  }));
}

/** What decides whether this replica takes snapshots. One that takes no part in them takes none. */
export function standingOf(
  { members, leaving = false }: Membership,
  self: string,
  partners: readonly Partner[],
  ready: boolean,
): Standing {
  return {
    ready,
    leaving: leaving || members.some(({ name, terminating }) => name === self && terminating),
    others: partners.map(({ member: { name, terminating }, view }) => ({
      ...{ name, terminating },
      ready: view?.snapshot?.holds,
    })),
  };
}
