import { ticksSince } from '../codec/ticks.ts';
import type { Chains } from './chains.ts';

/** Keys that are compared: enough to be near the first that expires, and the same work however many there are. */
const compared = 16;

/** Of two rows the one that expires first; those without parts before all, those that never expire after all. */
function isSooner(one: number, other: number): boolean {
  if (one === -1 || other === -1) return one === -1;
  if (one === 0 || other === 0) return other === 0 && one !== 0;
  return ticksSince(one, other) > 0;
}

/** The row that makes room, and where to look next time; -1: there is none. */
export function victimOf(
  store: Chains,
  hand: number,
  except: number,
): { readonly victim: number; readonly hand: number } {
  const { high } = store.keys.rows;
  let victim = -1;
  let soonest = 0;
  let left = compared;
  let at = hand;
  for (let seen = 0; seen < high && left > 0; seen++) {
    at = at + 1 >= high ? 0 : at + 1;
    if (at === except || !store.keys.isUsed(at)) continue;
    left -= 1;
    const expiry = store.expiryOf(at);
    if (victim !== -1 && !isSooner(expiry, soonest)) continue;
    victim = at;
    soonest = expiry;
  }
  return { victim, hand: at };
}
