import { ticksSince } from '../codec/ticks.ts';
import { mergedRate } from './rate.ts';

/** Where a part stands among all that one origin has said: a session of its sidecar, and the flush within that. */
export interface Standing {
  /** It grows with each session of a sidecar with that HAProxy. */
  readonly generation: number;
  /** It grows with each flush of a session. */
  readonly sequence: number;
}

/** All that decides what a sum is. There is one set of them; tests take others to see that they are noticed. */
export interface MergeRules {
  /** What has come replaces what is known of the same origin. */
  supersedes(known: Standing, came: Standing): boolean;
  /** `expiry`: a tick; 0: never. */
  isExpired(expiry: number, now: number): boolean;
  /** Of two expiries the one that the sum has. */
  laterExpiry(one: number, other: number): number;
  /** What a sum of 32 bits is written as. */
  clampNumber(sum: number): number;
  /** A sum of numbers of 64 bits, by the sums of their halves: the lower half, then the upper one. */
  writeWide(lowSum: number, highSum: number, out: Uint32Array, to: number): void;
  maximum(one: number, other: number): number;
  readonly rate: typeof mergedRate;
}

const top = 0xffff_ffff;

/** Exact as long as fewer than 2^21 parts are added, as halves are below 2^32. */
function writeWide(lowSum: number, highSum: number, out: Uint32Array, to: number): void {
  const high = highSum + Math.floor(lowSum / 2 ** 32);
  out[to] = high > top ? top : lowSum % 2 ** 32;
  out[to + 1] = Math.min(top, high);
}

export const mergeRules: MergeRules = {
  supersedes: (known, came) =>
    came.generation === known.generation
      ? came.sequence >= known.sequence
      : came.generation > known.generation,
  isExpired: (expiry, now) => expiry !== 0 && ticksSince(expiry, now) >= 0,
  laterExpiry: (one, other) =>
    one === 0 || other === 0 ? 0 : ticksSince(one, other) > 0 ? other : one,
  // HAProxy would cut off the higher bits.
  clampNumber: (sum) => Math.min(sum, top),
  writeWide,
  maximum: Math.max,
  rate: mergedRate,
};
