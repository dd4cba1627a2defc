import type { Member, Self } from '../../model/member.ts';
import type { Partner } from './ready.ts';
import type { Sibling } from './sessions.ts';

/** Whether a link is to this member: names are taken over by pods that follow, uids are not. */
function isOf({ name, uid }: Member, sibling: Sibling): boolean {
  return uid === undefined ? sibling.name === name : sibling.uid === uid;
}

/** The other members with their sessions, and since when each has been a member. */
export function createPartners(self: Self, now: () => number) {
  let since = new Map<string, number>();
  return (members: readonly Member[], siblings: readonly Sibling[]): readonly Partner[] => {
    const nowMs = now();
    const next = new Map<string, number>();
    const partners = members
      .filter(({ name }) => name !== self.name)
      .map((member) => {
        const key = `${member.name} ${member.uid ?? ''} ${member.address}`;
        const knownSinceMs = since.get(key) ?? nowMs;
        next.set(key, knownSinceMs);
        const sibling = siblings.find((each) => isOf(member, each));
        const paired = sibling?.paired === true;
        return { member, knownSinceMs, view: sibling?.view, paired, slot: sibling?.slot ?? null };
      });
    since = next;
    return partners;
  };
}
