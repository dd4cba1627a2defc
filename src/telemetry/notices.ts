import { type Decision, type HoldCode, patientCodes } from '../model/decision.ts';
import type { Notice } from '../model/notice.ts';

/** What the reconciler reports, as far as it matters here. */
export type Heard =
  | { readonly kind: 'pass'; readonly decision: Decision; readonly pending: readonly string[] }
  | { readonly kind: 'applied' }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string };

/** Times in milliseconds of a monotonic clock. */
export interface NoticeState {
  /** Since when a change has not been applied that should be. */
  readonly waitingSinceMs: number | null;
  /** Since when no pass has got as far as a decision. */
  readonly failingSinceMs: number | null;
  /** When one of these was last reported. */
  readonly toldAtMs: number | null;
}

export const nothingHeard: NoticeState = {
  waitingSinceMs: null,
  failingSinceMs: null,
  toldAtMs: null,
};

export interface Noticed {
  readonly state: NoticeState;
  readonly notice: Notice | null;
}

/** Codes with which a change was refused: trying again will not help. */
const refusals: ReadonlySet<string> = new Set(['RELOAD_FAILED', 'DATAPLANE_REJECTED']);

/**
 * What an operator must learn from a report, and what to remember for the next one. A lasting state is reported after
 * `limitMs`, and again each time after the same duration.
 */
export function noticed(
  before: NoticeState,
  heard: Heard,
  limitMs: number,
  nowMs: number,
): Noticed {
  if (heard.kind === 'applied') return { state: nothingHeard, notice: null };
  if (heard.kind === 'failed') return afterFailure(before, heard, limitMs, nowMs);
  const { decision, pending } = heard;
  // A pass that ends in a try keeps what it knows: the try may fail.
  if (decision.kind === 'apply')
    return { state: { ...before, failingSinceMs: null }, notice: null };
  if (decision.kind === 'none' || patient(decision.codes)) {
    return { state: nothingHeard, notice: null };
  }
  const waitingSinceMs = before.waitingSinceMs ?? nowMs;
  const state = { ...before, waitingSinceMs, failingSinceMs: null };
  const what = pending.length === 0 ? '' : `${pending.join(', ')}; `;
  const seconds = Math.round((nowMs - waitingSinceMs) / 1000);
  const message = `not applied for ${seconds} s: ${what}${decision.reasons.join('; ')}`;
  return tell(state, waitingSinceMs, { reason: 'ChangeWaiting', message }, limitMs, nowMs);
}

function patient(codes: readonly HoldCode[]): boolean {
  return codes.some((code) => patientCodes.has(code));
}

function afterFailure(
  before: NoticeState,
  { code, reason }: { readonly code: string; readonly reason: string },
  limitMs: number,
  nowMs: number,
): Noticed {
  if (refusals.has(code)) {
    const waitingSinceMs = before.waitingSinceMs ?? nowMs;
    const notice = { reason: 'ReloadRefused', message: `${code}: ${reason}` } as const;
    return { state: { ...before, waitingSinceMs }, notice };
  }
  const failingSinceMs = before.failingSinceMs ?? nowMs;
  const seconds = Math.round((nowMs - failingSinceMs) / 1000);
  const message = `failing for ${seconds} s with ${code}: ${reason}`;
  const notice = { reason: 'ReconcileFailing', message } as const;
  return tell({ ...before, failingSinceMs }, failingSinceMs, notice, limitMs, nowMs);
}

function tell(
  state: NoticeState,
  sinceMs: number,
  notice: Notice,
  limitMs: number,
  nowMs: number,
): Noticed {
  const fromMs = Math.max(sinceMs, state.toldAtMs ?? 0);
  if (nowMs - fromMs < limitMs) return { state, notice: null };
  return { state: { ...state, toldAtMs: nowMs }, notice };
}
