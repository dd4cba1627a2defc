import type { HoldCode } from '../model/decision.ts';
import type { Facts } from './facts.ts';

/** An end in the past is over. An infinite one lasts until somebody or something changes. */
export interface Finding {
  readonly untilMs: number;
  readonly reason: string;
}

export interface CodedFinding extends Finding {
  readonly code: HoldCode;
  /** Since when only the order among siblings is left to wait for; missing: there is another reason. */
  readonly dueMs?: number;
}

/** One reason not to reload HAProxy now, or several of which one is in force at a time. */
export interface Rule<F = Facts> {
  readonly codes: readonly HoldCode[];
  check(facts: F): CodedFinding;
}

/** The rules of the gate, in this order. A module adds rules with its own facts. */
export interface Rules<F = Facts> {
  /** While one of these applies, no reload is allowed. The first that applies counts. */
  readonly forbids: readonly Rule<F>[];
  /** Reasons to wait that concern this replica. All that apply count. */
  readonly delays: readonly Rule<F>[];
  /** Reasons to wait for siblings. Checked when this replica has no other reason to wait. */
  readonly order: readonly Rule<F>[];
}

export const over: Finding = { untilMs: 0, reason: '' };
export const never = Number.POSITIVE_INFINITY;

/** Until somebody or something changes. */
export function hold(reason: string): Finding {
  return { untilMs: never, reason };
}

export function rule<F = Facts>(code: HoldCode, find: (facts: F) => Finding): Rule<F> {
  return { codes: [code], check: (facts) => ({ ...find(facts), code }) };
}
