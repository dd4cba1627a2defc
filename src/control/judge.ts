import { noChanges } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import type { Member } from '../model/member.ts';
import type { Membership } from '../model/membership.ts';
import type { Observed } from '../plan/gate.ts';
import { leftOutReasons } from '../plan/left-out.ts';
import type { PeersPlan } from '../plan/peers.ts';
import { type Readiness, readiness } from '../plan/readiness.ts';

/** Whether a pod that is otherwise fit may become ready, and what was done about it. */
export interface Confirmation {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** HAProxy was reloaded: its resync begins anew. */
  readonly reloaded: boolean;
}

/** The last word before this pod becomes ready for the first time; it may reload HAProxy. */
export type Confirm = (
  observed: Observed,
  members: readonly Member[],
  signal: AbortSignal,
) => Promise<Confirmation>;

export interface JudgeOptions {
  readonly confirm?: Confirm | undefined;
  /** This HAProxy was ready under an earlier run of this program, and stays so. */
  readonly wasReady: boolean;
  /** Running replicas that the selector leaves out do not keep this one from becoming ready. */
  readonly allowLeftOut: boolean;
  readonly onReady: (observed: Observed) => void;
  readonly onReload: (observed: Observed) => void;
}

export interface Judge {
  readiness(): Readiness;
  /** Plan and decision are null right after a change was applied: what they say is over. */
  judge(
    membership: Membership,
    plan: PeersPlan | null,
    decision: Decision | null,
    observed: Observed,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Keeps the readiness of this replica: once true, it stays. */
export function createJudge(options: JudgeOptions): Judge {
  const { confirm, wasReady, allowLeftOut, onReady, onReload } = options;
  let latest: Readiness = wasReady
    ? { ready: true, reasons: ['was ready before'] }
    : { ready: false, reasons: ['nothing was compared yet'] };

  async function confirmed(
    judged: Readiness,
    members: readonly Member[],
    observed: Observed,
    signal: AbortSignal,
  ): Promise<Readiness> {
    if (confirm === undefined) return judged;
    const confirmation = await confirm(observed, members, signal);
    if (confirmation.reloaded) onReload(observed);
    return confirmation.ready ? judged : { ready: false, reasons: confirmation.reasons };
  }

  return {
    readiness: () => latest,
    async judge(membership, plan, decision, observed, signal) {
      const latched = latest.ready;
      const changes = plan?.kind === 'changes' ? plan.changes : noChanges;
      const judged = readiness({
        latched,
        synced: membership.synced,
        additionsPending: changes.create || changes.add.length > 0,
        decision: decision?.kind ?? null,
        observed,
        leftOut: leftOutReasons(membership, allowLeftOut),
      });
      if (latched || !judged.ready) {
        latest = judged;
        return;
      }
      latest = await confirmed(judged, membership.members, observed, signal);
      if (latest.ready) onReady(observed);
    },
  };
}
