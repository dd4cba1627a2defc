import type { Self } from '../model/member.ts';
import { canonicalAddress } from './address.ts';
import { type Chosen, chooseMembers } from './choose-members.ts';

/**
 * The name of a peer that is known by its address alone: `peer-10-0-0-5`, `peer-fd00--5`. The same in every replica, and
 * unique, because a canonical address has one spelling (RFC 5952).
 */
export function nameOfAddress(address: string): string {
  return `peer-${(canonicalAddress(address) ?? address).replace(/[.:]/g, '-')}`;
}

/** Addresses to members, named after them. */
export function membersFromAddresses(
  addresses: readonly string[],
  self: Self,
  name: string,
): Chosen {
  if (addresses.length === 0) {
    const note = `${name} has no address, not even the address of this pod: does it exist, and publish addresses that are not ready?`;
    return { members: [], notes: [note], awaited: 0 };
  }
  const candidates = addresses.map((address) => {
    return { name: nameOfAddress(address), addresses: [address], terminating: false };
  });
  return chooseMembers(candidates, self);
}
