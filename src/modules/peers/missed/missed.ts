import type { Confirm, Confirmation } from '../../../engine/readiness.ts';
import type { Log } from '../../../log.ts';
import type { Member, Self } from '../../../model/member.ts';
import { establishedNames, type Observed } from '../../../model/observed.ts';
import type { Status } from '../../../telemetry/status-schema.ts';
import {
  gapOf,
  type Holder,
  type Holdings,
  type Mute,
  type RepairDecision,
  repair,
  shrinks,
} from './decision.ts';

export interface RepairOptions {
  readonly self: Self;
  readonly limitMs: number;
  readonly connectLimitMs: number;
  /** This replica's counts. Read after those of the siblings, because ours must be the later ones. */
  readonly own: () => Promise<Status>;
  /** The `/status` of a sibling; null if it does not answer. */
  readonly ask: (sibling: Member, signal: AbortSignal) => Promise<Status | null>;
  readonly log: Log;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called when HAProxy is reloaded to learn what is missing according to `reasons`. */
  readonly onReload?: (reasons: readonly string[]) => void;
  /** Called when siblings that may hold entries have not answered for `connectLimitMs`. */
  readonly onSilence?: (reasons: readonly string[]) => void;
  /** Of this pod. */
  readonly mode: 'reload' | 'relay';
  /** As `RepairInput.compares`. */
  readonly compares?: boolean;
  /** What teaches it anew: HAProxy that starts with empty tables, or a lesson that the sidecars arrange. */
  readonly cure?: 'hard-reload' | 'lesson';
  readonly onOutcome: (outcome: RepairOutcome, reasons: readonly string[]) => void;
}

/** `missed`, `unheard`, `unmet`: it becomes ready without entries that siblings hold, or may hold if they run. */
export type RepairOutcome = 'complete' | 'repaired' | 'missed' | 'unheard' | 'unmet';

/** Entries that a sibling has counted arrive here within this time, in milliseconds, unless they were missed. */
const travelMs = 100;

/** All siblings hold the same tables, so asking a few of them is enough. */
const askedAtMost = 5;

function holdings(status: Status): Holdings {
  return new Map(
    status.tables.filter(({ shared }) => shared).map(({ name, ...held }) => [name, held]),
  );
}

/**
 * First the ready siblings, because they have all entries, then the connected ones, then in the order of names after
 * this pod's name, so that not all pods ask the same siblings. `turn` grows as long as no sibling answers, so that
 * others are asked.
 */
function whomToAsk(
  members: readonly Member[],
  self: Self,
  connected: ReadonlySet<string>,
  turn: number,
): readonly Member[] {
  const siblings = members.filter(({ name }) => name !== self.name);
  const rank = ({ name, serving, terminating }: Member) =>
    (serving === true && !terminating ? 0 : 4) +
    (connected.has(name) ? 0 : 2) +
    (name > self.name ? 0 : 1);
  const sorted = siblings.toSorted((a, b) => rank(a) - rank(b));
  const from = sorted.length <= askedAtMost ? 0 : (turn * askedAtMost) % sorted.length;
  return [...sorted.slice(from), ...sorted.slice(0, from)].slice(0, askedAtMost);
}

/** The last check before a pod becomes ready for the first time: does it hold what its siblings hold? */
export function createRepair(options: RepairOptions): Confirm {
  const { self, log, now, cure = 'hard-reload' } = options;
  let startedAtMs: number | null = null;
  let gapBefore: number | null = null;
  let stalledLooks = 0;
  let attempts = 0;
  let possible = true;
  let saidAtAttempt: number | null = null;
  /** The reasons for the hard-reload. */
  let wanted: readonly string[] = [];
  let said = '';
  let warned = false;
  let turn = 0;
  let ended: RepairOutcome | null = null;

  /** Reported once, although the comparison may be repeated after a reload of HAProxy. */
  function end(outcome: RepairOutcome, reasons: readonly string[], tell: () => void): void {
    if (outcome === ended) return;
    ended = outcome;
    options.onOutcome(outcome, reasons);
    tell();
  }

  function say(decision: RepairDecision): void {
    // The counts in the reasons change with every check.
    if (decision.kind !== 'wait' || decision.for === said) return;
    said = decision.for;
    log.info(
      { for: decision.for, reasons: decision.reasons },
      'readiness waits for the tables of the peers',
    );
  }

  /** Logged once for each hard-reload, which may have to wait for its turn. */
  function sayMissed(reasons: readonly string[]): void {
    if (saidAtAttempt === attempts) return;
    saidAtAttempt = attempts;
    wanted = reasons;
    log.warn({ reasons }, `resync missed: ${cure}, to learn the tables anew`);
  }

  /** Logged while an operator can still act, because the replicas with all entries still exist. */
  function warnOfSilence(decision: RepairDecision): void {
    if (decision.kind !== 'wait' || decision.for !== 'an answer from peers' || warned) return;
    if (now() - (startedAtMs ?? now()) < options.connectLimitMs) return;
    warned = true;
    log.warn(
      { code: 'SIBLINGS_UNHEARD', reasons: decision.reasons, limitMs: options.limitMs },
      'not ready: no answer from peers that may hold entries',
    );
    options.onSilence?.(decision.reasons);
  }

  async function look(
    observed: Observed,
    members: readonly Member[],
    signal: AbortSignal,
  ): Promise<RepairDecision> {
    const connected = establishedNames(observed);
    const asked = whomToAsk(members, self, connected, turn);
    const answers = await Promise.all(asked.map((sibling) => options.ask(sibling, signal)));
    if (answers.some((answer) => answer !== null)) await options.sleep(travelMs, signal);
    else turn += 1;
    const own = await options.own();
    const siblings: Holder[] = [];
    const mute: Mute[] = [];
    const inOtherMode = asked.flatMap(({ name, terminating }, index) => {
      const mode = answers[index]?.mode ?? (answers[index] ? 'reload' : undefined);
      const isOther = mode !== undefined && mode !== options.mode;
      return isOther && !terminating && !connected.has(name) ? [name] : [];
    });
    const withOtherTrust = asked.flatMap(({ name, terminating }, index) => {
      const trust = answers[index]?.trust;
      const isKnown = trust !== undefined && own.trust !== undefined;
      return isKnown && trust !== own.trust && !terminating ? [name] : [];
    });
    for (const [index, { name, terminating: leaving, serving }] of asked.entries()) {
      const status = answers[index] ?? null;
      const who = { name, leaving, connected: connected.has(name) };
      if (status === null || (status.resync === null && status.ready)) {
        mute.push({ ...who, serving });
        continue;
      }
      siblings.push({
        ...who,
        // Its HAProxy has not started, or has just ended, so it holds nothing yet.
        resync: status.resync ?? 'pending',
        tables: holdings(status),
        complete: status.ready && status.incomplete !== true,
      });
    }
    const tables = holdings(own);
    const compared = { own: { resync: own.resync ?? 'unknown', tables }, siblings } as const;
    const gap = gapOf(compared);
    stalledLooks = gap === 0 || shrinks(gap, gapBefore) ? 0 : stalledLooks + 1;
    const decision = repair(
      {
        ...compared,
        inOtherMode,
        withOtherTrust,
        compares: options.compares,
        mute,
        gapBefore,
        stalledLooks,
        attempts,
        possible,
        startedAtMs: startedAtMs ?? now(),
        limitMs: options.limitMs,
        connectLimitMs: options.connectLimitMs,
      },
      now(),
    );
    // The count of a full table varies and is sometimes lower, so only a new minimum counts as progress.
    gapBefore = Math.min(gap, gapBefore ?? gap);
    return decision;
  }

  async function confirm(
    observed: Observed,
    members: readonly Member[],
    signal: AbortSignal,
  ): Promise<Confirmation> {
    startedAtMs ??= now();
    const decision = await look(observed, members, signal);
    say(decision);
    warnOfSilence(decision);
    if (decision.kind === 'complete') {
      const repaired = attempts > 0;
      end(repaired ? 'repaired' : 'complete', [], () => {
        if (repaired) log.info({ attempts }, `tables learned after a ${cure}`);
      });
      return { ready: true, reasons: [], hardReload: false };
    }
    if (decision.kind === 'repair') {
      sayMissed(decision.reasons);
      return { ready: false, reasons: decision.reasons, hardReload: true };
    }
    if (decision.kind === 'wait') {
      return { ready: false, reasons: decision.reasons, hardReload: false };
    }
    const { reasons } = decision;
    if (decision.kind === 'give-up') {
      const why = possible ? undefined : 'HAProxy before 2.9 has no hard-reload';
      end('missed', reasons, () =>
        log.error({ code: 'RESYNC_MISSED', reasons, why }, 'tables missed'),
      );
    } else if (decision.kind === 'unheard') {
      end('unheard', reasons, () =>
        log.error(
          { code: 'SIBLINGS_UNHEARD', reasons },
          'ready although peers that may hold entries did not answer',
        ),
      );
    } else {
      end('unmet', reasons, () =>
        log.warn(
          { code: 'SIBLINGS_UNHEARD', reasons },
          'ready, but no peer with entries was reached: are the peers running?',
        ),
      );
    }
    return { ready: true, reasons: [], hardReload: false };
  }

  return {
    look: confirm,
    hardReloaded(supported) {
      attempts += 1;
      gapBefore = null;
      stalledLooks = 0;
      possible = supported;
      if (possible) options.onReload?.(wanted);
    },
  };
}
