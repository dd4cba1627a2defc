import type { HoldCode } from '../model/decision.ts';
import type { Facts } from './facts.ts';

/** A past end is over. An infinite one: not before somebody or something changes. */
export interface Finding {
  readonly untilMs: number;
  readonly reason: string;
}

export interface Verdict extends Finding {
  readonly applies: boolean;
}

/** One reason not to reload HAProxy now. */
export interface Rule {
  readonly code: HoldCode;
  check(facts: Facts): Verdict;
}

export const over: Finding = { untilMs: 0, reason: '' };
export const never = Number.POSITIVE_INFINITY;

/** One rule of its own. */
export function rule(
  code: HoldCode,
  applies: (facts: Facts) => boolean,
  find: (facts: Facts) => Finding,
): Rule {
  return {
    code,
    check(facts) {
      const does = applies(facts);
      return { applies: does, ...(does ? find(facts) : over) };
    },
  };
}

/** Rules of which one applies at a time, or none: `find` says which. */
export function family(
  codes: readonly HoldCode[],
  find: (facts: Facts) => (Finding & { readonly code: HoldCode }) | typeof over,
): readonly Rule[] {
  return codes.map((code) => ({
    code,
    check(facts) {
      const found = find(facts);
      const applies = 'code' in found && found.code === code;
      return { applies, untilMs: found.untilMs, reason: found.reason };
    },
  }));
}
