import { atLeast, type Version } from '../../../model/program-version.ts';

/** `auto`: where it is safe. `add`: with every HAProxy that can. */
export type Dynamic = 'auto' | 'add';

/** What the HAProxy that runs can be trusted with. Each is why not; null: it can. */
export interface Gates {
  readonly add: string | null;
  /** Maintenance, and out of it. */
  readonly toggle: string | null;
  readonly delete: string | null;
}

/** HAProxy's own limit of servers in use, docs of `balance roundrobin`. */
export const roundrobinLimit = 4095;

const named = (version: Version) => version.join('.');

/**
 * By version and `balance` (null: not known). Sources: haproxy#2323 (`del server` segfaults up to 2.8), #3413 (a pool that is lost up
 * to 3.0 where a server has no id; ours have one), #3360 (leastconn aborts when a server is enabled or disabled, from 3.2.6 to before 3.4).
 */
export function gatesOf(version: Version, balance: string | null, dynamic: Dynamic): Gates {
  const isOld = !atLeast(version, 3, 0);
  const tooOld = `HAProxy ${named(version)} cannot be given servers while it runs; 2.6 or later can`;
  const old = `HAProxy ${named(version)} is older than 3.0: --dynamic add has it given servers all the same, and it then keeps those that are gone in maintenance until it is reloaded`;
  const add = !atLeast(version, 2, 6) ? tooOld : isOld && dynamic === 'auto' ? old : null;
  const aborts = balance === 'leastconn' && atLeast(version, 3, 2, 6) && !atLeast(version, 3, 4);
  return {
    add,
    toggle: aborts
      ? `HAProxy ${named(version)} may end with "balance leastconn" when a server is enabled or disabled (haproxy#3360): use 3.4`
      : null,
    delete: isOld ? `HAProxy ${named(version)} may end when a server is deleted` : null,
  };
}
