import type { Membership } from '../model/membership.ts';

/**
 * Why this replica may not start: its selector leaves out running replicas of the same workload, and no other sibling
 * runs. It would start with empty tables and replace one of them, and the entries would be lost with the last of them.
 * Empty: it may start. `allowed`: this is intended (--allow-left-out).
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
    `the selector leaves out ${who}, which run and are replicas of the same workload: no other peer could teach this one (SIBLINGS_LEFT_OUT)`,
  ];
}
