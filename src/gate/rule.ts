import type { HoldCode } from '../model/decision.ts';
import type { Facts } from './facts.ts';

/** A past end is over. An infinite one: not before somebody or something changes. */
export interface Finding {
  readonly untilMs: number;
  readonly reason: string;
}

export interface CodedFinding extends Finding {
  readonly code: HoldCode;
  /** Since when nothing but the order among siblings is left to wait for; missing: something else is. */
  readonly dueMs?: number;
}

/** One reason not to reload HAProxy now, or several of which one is in force at a time. */
export interface Rule<F = Facts> {
  readonly codes: readonly HoldCode[];
  check(facts: F): CodedFinding;
}

/** What the gate asks, in this order. A module adds rules that look at facts of its own. */
export interface Rules<F = Facts> {
  /** While one of these applies no reload is right. The first that applies counts. */
  readonly forbids: readonly Rule<F>[];
  /** Reasons to wait for what lies with this replica. All that apply are waited for. */
  readonly delays: readonly Rule<F>[];
  /** Reasons to wait for siblings. Asked when nothing of this replica is left to wait for. */
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
