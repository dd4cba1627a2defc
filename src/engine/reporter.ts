import type { Applied } from '../apply/applier.ts';
import { AppError, errorMessage, RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import { hasChanges, type PeersChanges } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import type { Membership } from '../model/membership.ts';
import type { Observed } from '../model/observed.ts';
import type { PeersPlan } from '../model/peers-plan.ts';
import type { PeersSection } from '../model/peers-section.ts';

/** One pass, for whoever counts: metrics now, Events and status later. */
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
  /** It was ready, and HAProxy has lost what that meant. */
  unready?(): void;
}

export interface Reporter {
  pass(report: PassReport): void;
  /** `made`: of the section, be it that its edit was held. */
  applied(applied: Applied, ms: number, made: PeersChanges, reasons: readonly string[]): void;
  /** Tries failed for so long that the siblings are no longer as the gate saw them. */
  postponed(applied: Applied, ms: number): void;
  /** `leaving`: this pod is being deleted, and HAProxy or the Data Plane API may have ended. */
  failed(error: unknown, failures: number, leaving?: boolean): void;
  ready(observed: Observed): void;
  unready(reasons: readonly string[]): void;
  /** This pod is being deleted. */
  leaving(): void;
}

/** Failed passes in a row that a start may take: about a minute, with their four tries each. */
const startingFailures = 20;

/** Says each thing once: a hold or a failure when it begins or its reason changes, a wait for each kind of reason. */
export function createReporter(log: Log, observer: Observer): Reporter {
  let lastSaid = '';
  let lastFailure = '';
  let reached = false;
  let left = false;
  /** Said since the last decision of another kind. */
  const waits = new Set<string>();

  function once(text: string, say: () => void): void {
    if (text === lastSaid) return;
    lastSaid = text;
    say();
  }

  /** While pods are being made, what is pending changes many times a second, and they may all come to the same. */
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
        // Every start passes this moment; a source that fails says so itself.
        const starting = codes.every((code) => code === 'members-unknown');
        once(`hold ${reasons.join()}`, () =>
          starting
            ? log.info({ reasons, notes: membership.notes }, 'waiting for the members')
            : log.warn(
                { reasons, notes: membership.notes },
                'nothing is changed until somebody acts',
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
      // All that was wanted is held, which is said where it is.
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
      log.info({ attempts, ms: Math.round(ms) }, 'change postponed: peers are away by now');
    },
    failed(error, failures, leaving = false) {
      const code = error instanceof AppError ? error.code : 'BUG';
      // A sidecar starts before HAProxy and the Data Plane API: at first their absence is no fault.
      const starting = !reached && code === 'DATAPLANE_UNREACHABLE' && failures <= startingFailures;
      if (!leaving && !starting) observer.failed(code, errorMessage(error));
      const said = starting ? `starting ${code}` : code;
      if (lastFailure === said) return;
      lastFailure = said;
      lastSaid = '';
      if (starting || leaving) {
        const what = leaving
          ? 'not applied: this pod is about to go'
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
      log.info('this pod is about to go: it adds who joins, and looks no more');
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
