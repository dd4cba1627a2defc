import { noChanges, someoneJoins } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import type { Member } from '../model/member.ts';
import type { Membership } from '../model/membership.ts';
import type { Observed } from '../model/observed.ts';
import type { PeersPlan } from '../model/peers-plan.ts';
import type { Running, Worker } from '../model/worker.ts';
import { leftOutReasons } from './left-out.ts';
import { hold, runningOf, sameWorker } from './ready-marker.ts';
import { type Readiness, readiness } from './ready-rule.ts';

/** Whether a pod that is otherwise fit may become ready, and what was done about it. */
export interface Confirmation {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** What is missing can be learned by a worker that starts with empty tables. */
  readonly hardReload: boolean;
}

/** The last word before this pod becomes ready for the first time. */
export interface Confirm {
  look(observed: Observed, members: readonly Member[], signal: AbortSignal): Promise<Confirmation>;
  /** What a look has asked for was done; false: HAProxy does not know the command. */
  hardReloaded(possible: boolean): void;
}

export interface ReadinessOptions {
  /** A confirmation that begins from the beginning: one for each HAProxy that starts without tables. */
  readonly confirm?: (() => Confirm) | undefined;
  /** The worker that was ready under an earlier run of this program, and stays so. */
  readonly wasReady: Worker | null;
  /** Running replicas that the selector leaves out do not keep this one from becoming ready. */
  readonly allowLeftOut: boolean;
  readonly onReady: (observed: Observed) => void;
  /** It was ready, and is not any more. */
  readonly onUnready: (reasons: readonly string[]) => void;
  /** The same HAProxy answers again. */
  readonly onReadyAgain: () => void;
  /** The worker whose tables are as full as they get is another one now, or gone (null). */
  readonly onReadyMarker: (worker: Worker | null) => void;
}

export interface ReadinessKeeper {
  readiness(): Readiness;
  /** Why HAProxy is to be hard-reloaded before this replica can be ready; null: it is not. */
  hardReloadFor(): string | null;
  hardReloaded(possible: boolean): void;
  /** Who runs now. True: it is to be judged anew. */
  running(running: Running): boolean;
  /**
   * Plan and decision are null right after a change was applied: what they say is over. `unknown`: members that are
   * written, and have a reload of ours to come before the worker knows them.
   */
  update(
    membership: Membership,
    plan: PeersPlan | null,
    decision: Decision | null,
    unknown: readonly string[],
    observed: Observed,
    signal: AbortSignal,
  ): Promise<void>;
}

const away = 'HAProxy does not run';
const anew = 'HAProxy was started anew, and its tables are to be compared again';

/** Comparing takes up to a minute: the worker that was compared may be gone. */
function isAnother(compared: Running, look: Running): boolean {
  if (look.kind === 'gone') return true;
  if (look.kind === 'silent' || compared.kind !== 'worker') return false;
  return !sameWorker(compared.worker, look.worker) && look.handedOver !== true;
}

/** Keeps the readiness of this replica: once true, it stays as long as HAProxy has the tables it was reached with. */
export function createReadiness(options: ReadinessOptions): ReadinessKeeper {
  const { wasReady, allowLeftOut, onReady } = options;
  let latest: Readiness =
    wasReady === null
      ? { ready: false, reasons: ['nothing was compared yet'] }
      : { ready: true, reasons: ['was ready before'] };
  let latched = wasReady !== null;
  let worker = wasReady;
  let confirm = options.confirm?.();
  let latestLook: Running = { kind: 'silent' };
  let hardReloadFor: string | null = null;

  /** Takes the readiness away, or gives it back, as the running worker asks for. */
  function see(running: Running): boolean {
    if (!latched) return false;
    const held = hold(worker, running);
    if (held.kind === 'unknown') return false;
    if (held.kind === 'kept') {
      if (worker === null || !sameWorker(worker, held.worker)) options.onReadyMarker(held.worker);
      worker = held.worker;
      if (latest.ready) return false;
      latest = { ready: true, reasons: ['was ready before'] };
      options.onReadyAgain();
      return false;
    }
    const reasons = [held.kind === 'away' ? away : anew];
    const said = latest.reasons.join() === reasons.join();
    latest = { ready: false, reasons };
    if (held.kind === 'lost') {
      latched = false;
      worker = null;
      options.onReadyMarker(null);
      confirm = options.confirm?.();
    }
    if (!said) options.onUnready(reasons);
    return true;
  }

  async function confirmed(
    judged: Readiness,
    members: readonly Member[],
    observed: Observed,
    signal: AbortSignal,
  ): Promise<Readiness> {
    if (confirm === undefined) return judged;
    const confirmation = await confirm.look(observed, members, signal);
    if (confirmation.hardReload) hardReloadFor = confirmation.reasons.join('; ');
    return confirmation.ready ? judged : { ready: false, reasons: confirmation.reasons };
  }

  return {
    readiness: () => latest,
    hardReloadFor: () => hardReloadFor,
    hardReloaded(possible) {
      hardReloadFor = null;
      confirm?.hardReloaded(possible);
    },
    running(running) {
      latestLook = running;
      return see(running);
    },
    async update(membership, plan, decision, unknown, observed, signal) {
      const running = runningOf(observed);
      see(running);
      // Only the look of now knows whether it still helps.
      hardReloadFor = null;
      if (latched) return;
      const changes = plan?.kind === 'changes' ? plan.changes : noChanges;
      const judged = readiness({
        synced: membership.synced,
        additionsPending: someoneJoins(changes) || unknown.length > 0,
        decision: decision?.kind ?? null,
        observed,
        leftOut: leftOutReasons(membership, allowLeftOut),
      });
      if (!judged.ready) {
        latest = judged;
        return;
      }
      latest = await confirmed(judged, membership.members, observed, signal);
      if (!latest.ready) return;
      if (isAnother(running, latestLook)) {
        latest = { ready: false, reasons: [anew] };
        return;
      }
      latched = true;
      worker = running.kind === 'worker' ? running.worker : null;
      if (worker !== null) options.onReadyMarker(worker);
      onReady(observed);
    },
  };
}
