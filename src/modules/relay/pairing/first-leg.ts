import type { View } from './view.ts';

/**
 * Whose leg is opened first: of the one that has still to learn, because a session that the other side began in vain costs a
 * teacher what it has sent into it (relay facts R1, R4). Where both are alike, of the one with fewer entries, then `other`.
 */
export function firstLeg(lead: View, other: View): 'lead' | 'other' {
  if (lead.learned !== other.learned) return lead.learned ? 'other' : 'lead';
  return lead.entries < other.entries ? 'lead' : 'other';
}
