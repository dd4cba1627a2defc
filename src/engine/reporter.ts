import type { Applied } from '../apply/applier.ts';
import { AppError, errorMessage, RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import { hasChanges, type PeersChanges } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import type { Membership } from '../model/membership.ts';
import type { Observed } from '../model/observed.ts';
import type { PeersPlan } from '../model/peers-plan.ts';
import type { PeersSection } from '../model/peers-section.ts';

/** Observes passes, for metrics, Events and status. */
export interface PassReport {
  readonly membership: Membership;
  readonly section: PeersSection;
  readonly plan: PeersPlan;
  readonly observed: Observed;
  readonly decision: Decision;
}

export interface Observer {
  pass(report: PassReport): void;
  /** `made`: what has changed in the section. */
  applied(applied: Applied, ms: number, made: PeersChanges): void;
  /** `reason` is the message of the error. */
  failed(code: string, reason: string): void;
  ready(): void;
  /** It was ready, and HAProxy has lost its tables. */
  unready?(): void;
}

export interface Reporter {
  pass(report: PassReport): void;
  /** `made`: changes of the section, even if its edit was held. */
  applied(applied: Applied, ms: number, made: PeersChanges, reasons: readonly string[]): void;
  /** Attempts failed for so long that the state of the siblings has changed since the gate's decision. */
  postponed(applied: Applied, ms: number): void;
  /** `leaving`: this pod is being deleted, and HAProxy or the Data Plane API may have ended. */
  failed(error: unknown, failures: number, leaving?: boolean): void;
  ready(observed: Observed): void;
  unready(reasons: readonly string[]): void;
  /** This pod is being deleted. */
  leaving(): void;
}

/** Failed passes in a row that are normal at a start: about a minute, with four attempts each. */
const startingFailures = 20;

/** Logs each message once: a hold or failure when it begins or its reason changes, a wait for each kind of reason. */
export function createReporter(log: Log, observer: Observer): Reporter {
  let lastSaid = '';
  let lastFailure = '';
  let reached = false;
  let left = false;
  /** Already logged since the last decision of another kind. */
  const waits = new Set<string>();

  function once(text: string, say: () => void): void {
    if (text === lastSaid) return;
    lastSaid = text;
    say();
  }

  /**
   * While pods are being created, the pending changes change many times a second, and may all be applied together.
   */
  function sayWait(pending: readonly string[], decision: Decision & { kind: 'wait' }): void {
    const { reasons, codes } = decision;
    const gathering = codes.some((code) => code === 'burst' || code === 'awaited');
    const wait = `${codes.join()} ${gathering ? '' : pending.join()}`;
    lastSaid = 'wait';
    if (waits.has(wait)) return;
    waits.add(wait);
    log.info({ pending, reasons }, 'change waits');
  }

  return {
    pass(report) {
      const { decision, membership } = report;
      if (decision.kind !== 'wait') waits.clear();
      observer.pass(report);
      if (lastFailure !== '')
        log.info({ after: lastFailure }, reached ? 'reached again' : 'reached');
      lastFailure = '';
      reached = true;
      if (decision.kind === 'hold') {
        const { reasons, codes } = decision;
        // Every start has this state for a moment. A source that fails logs this itself.
        const starting = codes.every((code) => code === 'members-unknown');
        once(`hold ${reasons.join()}`, () =>
          starting
            ? log.info({ reasons, notes: membership.notes }, 'waiting for the members')
            : log.warn(
                { reasons, notes: membership.notes },
                'no change is made until this is fixed',
              ),
        );
      } else if (decision.kind === 'wait') {
        sayWait(report.plan.reasons, decision);
      } else if (decision.kind === 'none') {
        once('none', () =>
          log.info({ members: membership.members.length }, 'peers section is in step'),
        );
      }
    },
    applied(applied, ms, made, reasons) {
      lastSaid = '';
      observer.applied(applied, ms, made);
      // All edits are held, which is logged elsewhere.
      if (!applied.reloaded && !hasChanges(made)) return;
      log.info(
        {
          joined: made.add.map((entry) => entry.name),
          moved: made.update.map((entry) => entry.name),
          left: made.remove.map((entry) => entry.name),
          reasons,
          transaction: applied.transaction,
          version: applied.version,
          reloaded: applied.reloaded,
          attempts: applied.attempts,
          ms: Math.round(ms),
        },
        hasChanges(made) ? 'peers section changed' : 'HAProxy reloaded',
      );
    },
    postponed({ attempts }, ms) {
      lastSaid = '';
      log.info({ attempts, ms: Math.round(ms) }, 'change postponed: peers have disconnected');
    },
    failed(error, failures, leaving = false) {
      const code = error instanceof AppError ? error.code : 'BUG';
      // A sidecar starts before HAProxy and the Data Plane API, so at first their absence is not an error.
      const starting = !reached && code === 'DATAPLANE_UNREACHABLE' && failures <= startingFailures;
      if (!leaving && !starting) observer.failed(code, errorMessage(error));
      const said = starting ? `starting ${code}` : code;
      if (lastFailure === said) return;
      lastFailure = said;
      lastSaid = '';
      if (starting || leaving) {
        const what = leaving
          ? 'not applied: this pod is being deleted'
          : 'waiting for the Data Plane API';
        log.info({ code, reason: errorMessage(error) }, what);
        return;
      }
      const hint = error instanceof AppError ? error.hint : undefined;
      const stage = error instanceof RemoteError ? error.stage : undefined;
      log.error(
        { code, hint, stage, failures, reason: errorMessage(error) },
        'change not applied: will try again',
      );
    },
    leaving() {
      if (left) return;
      left = true;
      log.info('this pod is being deleted: it only adds peers that join');
    },
    unready(reasons) {
      observer.unready?.();
      log.warn({ reasons }, 'not ready any more');
    },
    ready(observed) {
      observer.ready();
      const state = observed.kind === 'up' ? observed.state : null;
      log.info(
        {
          resync: state?.resync,
          established: state?.peers.filter((peer) => peer.established).map((peer) => peer.name),
        },
        'ready',
      );
    },
  };
}
