import type { HoldCode } from '../model/decision.ts';
import type { Facts } from './facts.ts';

/** A past end is over. An infinite one: not before somebody or something changes. */
export interface Finding {
  readonly untilMs: number;
  readonly reason: string;
}

export interface CodedFinding extends Finding {
  readonly code: HoldCode;
}

/** One reason not to reload HAProxy now, or several of which one is in force at a time. */
export interface Rule {
  readonly codes: readonly HoldCode[];
  check(facts: Facts): CodedFinding;
}

export const over: Finding = { untilMs: 0, reason: '' };
export const never = Number.POSITIVE_INFINITY;

export function rule(code: HoldCode, find: (facts: Facts) => Finding): Rule {
  return { codes: [code], check: (facts) => ({ ...find(facts), code }) };
}
