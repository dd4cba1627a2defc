import type { View } from './view.ts';

/**
 * Whose leg is opened first: of the one that has still to learn, because a session that the other side began in vain costs a
 * teacher what it has sent into it (relay facts R1, R4). Where both are alike, of the one with fewer entries, then `other`.
 */
export function firstLeg(lead: View, other: View): 'lead' | 'other' {
  if (lead.learned !== other.learned) return lead.learned ? 'other' : 'lead';
  return lead.entries < other.entries ? 'lead' : 'other';
}

/**
 * Whether the two are to have a session yet. Two that have both just started have nothing to teach each other, and a HAProxy that is told
 * so asks that peer no more in this session, and the next one up to 3 s later (haproxy 3.4 src/peers.c: LEARN_NOTUP2DATE,
 * __process_running_peer_sync). So they wait until one has learned: from somebody else, or because nobody holds anything, or
 * since it has waited for 5 s. What was written into either of them meanwhile is sent as soon as there is a session.
 */
export function mayPair(mine: View, theirs: View): boolean {
  const startsAnew = ({ learned, fresh }: View) => fresh && !learned;
  return !(startsAnew(mine) && startsAnew(theirs));
}
