import type { Member } from '../model/member.ts';
import type { Observed } from '../model/observed.ts';
import type { Running, Worker } from '../model/worker.ts';
import { hold, runningOf, sameWorker } from './ready-marker.ts';
import type { Readiness } from './ready-rule.ts';

/** Whether a pod that meets all other conditions may become ready, and what was done for it. */
export interface Confirmation {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** A worker that starts with empty tables can learn what is missing. */
  readonly hardReload: boolean;
}

/** The last check before this pod becomes ready for the first time. */
export interface Confirm {
  look(observed: Observed, members: readonly Member[], signal: AbortSignal): Promise<Confirmation>;
  /** The requested hard-reload was made; false: HAProxy does not have the command. */
  hardReloaded(possible: boolean): void;
}

export interface ReadinessOptions {
  /** A new confirmation, one for each HAProxy that starts without tables. */
  readonly confirm?: (() => Confirm) | undefined;
  /** The worker that was ready in an earlier run of this program, and stays ready. */
  readonly wasReady: Worker | null;
  readonly onReady: (observed: Observed) => void;
  /** Called when it is no longer ready. */
  readonly onUnready: (reasons: readonly string[]) => void;
  /** The same HAProxy answers again. */
  readonly onReadyAgain: () => void;
  /** Called when the worker with complete tables changes, or is gone (null). */
  readonly onReadyMarker: (worker: Worker | null) => void;
}

export interface Judgement {
  readonly judged: Readiness;
  readonly members: readonly Member[];
  readonly observed: Observed;
}

export interface ReadinessKeeper {
  readiness(): Readiness;
  /** Why HAProxy must be hard-reloaded before this replica can be ready; null: it need not. */
  hardReloadFor(): string | null;
  hardReloaded(possible: boolean): void;
  /** The worker that runs now. True: readiness must be decided again. */
  running(running: Running): boolean;
  /** Before HAProxy is observed for `update`: what `running` was told earlier says nothing against that. */
  observing(): void;
  /** What was seen, and what it comes to by the rules. */
  update(judgement: Judgement, signal: AbortSignal): Promise<void>;
}

const away = 'HAProxy does not run';
const anew = 'HAProxy was started anew, and its tables are to be compared again';

/** A comparison takes up to a minute, so the compared worker may be gone. */
function isAnother(compared: Running, look: Running): boolean {
  if (look.kind === 'gone') return true;
  if (look.kind === 'silent' || compared.kind !== 'worker') return false;
  return !sameWorker(compared.worker, look.worker) && look.handedOver !== true;
}

/**
 * Keeps the readiness of this replica: once ready, it stays ready as long as HAProxy has the tables it became ready
 * with.
 */
export function createReadiness(options: ReadinessOptions): ReadinessKeeper {
  const { wasReady, onReady } = options;
  let latest: Readiness =
    wasReady === null
      ? { ready: false, reasons: ['nothing was compared yet'] }
      : { ready: true, reasons: ['was ready before'] };
  let latched = wasReady !== null;
  let worker = wasReady;
  let confirm = options.confirm?.();
  let latestLook: Running = { kind: 'silent' };
  let hardReloadFor: string | null = null;

  /** Revokes or restores the readiness, depending on the running worker. */
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
    observing() {
      latestLook = { kind: 'silent' };
    },
    async update({ judged, members, observed }, signal) {
      const running = runningOf(observed);
      see(running);
      // Only the current check knows whether a hard-reload still helps.
      hardReloadFor = null;
      if (latched) return;
      if (!judged.ready) {
        latest = judged;
        return;
      }
      latest = await confirmed(judged, members, observed, signal);
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
