import type { Membership } from '../model/membership.ts';

/**
 * Why this replica may not begin: running replicas of the same workload that its selector leaves out, while no other
 * sibling runs. It would begin empty, take the place of one of them, and what they hold would be gone with the last. Empty:
 * it may. `allowed`: somebody wants it so (--allow-left-out).
 */
export function leftOutReasons(
  { leftOut }: Pick<Membership, 'leftOut'>,
  allowed: boolean,
): readonly string[] {
  if (allowed || leftOut === undefined || !leftOut.alone || leftOut.replicas.length === 0)
    return [];
  const [first, ...rest] = leftOut.replicas;
  const who = rest.length === 0 ? first : `${first} and ${rest.length} more`;
  return [
    `the selector leaves out ${who}, which run and are replicas of the same workload: nobody else could teach this one (SIBLINGS_LEFT_OUT)`,
  ];
}
