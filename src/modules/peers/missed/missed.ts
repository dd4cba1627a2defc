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
  /** Our own counts. Asked for each time, after those of the siblings: ours must be the later ones. */
  readonly own: () => Promise<Status>;
  /** The `/status` of a sibling; null where it does not answer. */
  readonly ask: (sibling: Member, signal: AbortSignal) => Promise<Status | null>;
  readonly log: Log;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** HAProxy is reloaded, to learn what `reasons` say is missing. */
  readonly onReload?: (reasons: readonly string[]) => void;
  /** Siblings that may hold entries have not been heard for `connectLimitMs`. */
  readonly onSilence?: (reasons: readonly string[]) => void;
  readonly onOutcome: (outcome: RepairOutcome, reasons: readonly string[]) => void;
}

/** `missed`, `unheard`, `unmet`: it becomes ready without what siblings hold, or may hold, if they run at all. */
export type RepairOutcome = 'complete' | 'repaired' | 'missed' | 'unheard' | 'unmet';

/** What a sibling has counted arrives here within this time, in milliseconds, where nothing was missed. */
const travelMs = 100;

/** All siblings hold the same tables: a few of them are enough. */
const askedAtMost = 5;

function holdings(status: Status): Holdings {
  return new Map(
    status.tables.filter(({ shared }) => shared).map(({ name, ...held }) => [name, held]),
  );
}

/**
 * Those who are ready first, for they know what there is, then those who are connected, then in the order of names after
 * our own, so that not everybody asks the same. `turn` goes up while nobody tells: then others are asked.
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

/** The last look before a pod becomes ready for the first time: does it hold what its siblings hold? */
export function createRepair(options: RepairOptions): Confirm {
  const { self, log, now } = options;
  let startedAtMs: number | null = null;
  let gapBefore: number | null = null;
  let stalledLooks = 0;
  let attempts = 0;
  let possible = true;
  let saidAtAttempt: number | null = null;
  /** What the hard-reload is for. */
  let wanted: readonly string[] = [];
  let said = '';
  let warned = false;
  let turn = 0;
  let ended: RepairOutcome | null = null;

  /** Once, though it may be compared again because HAProxy was reloaded meanwhile. */
  function end(outcome: RepairOutcome, reasons: readonly string[], tell: () => void): void {
    if (outcome === ended) return;
    ended = outcome;
    options.onOutcome(outcome, reasons);
    tell();
  }

  function say(decision: RepairDecision): void {
    // The counts in the reasons change with every look.
    if (decision.kind !== 'wait' || decision.for === said) return;
    said = decision.for;
    log.info(
      { for: decision.for, reasons: decision.reasons },
      'readiness waits for the tables of the peers',
    );
  }

  /** Once for each hard-reload, which may have to wait for its turn. */
  function sayMissed(reasons: readonly string[]): void {
    if (saidAtAttempt === attempts) return;
    saidAtAttempt = attempts;
    wanted = reasons;
    log.warn({ reasons }, 'resync missed: hard-reload, to learn the tables anew');
  }

  /** Logged while an operator can still act: the replicas that hold everything are still there. */
  function warnOfSilence(decision: RepairDecision): void {
    if (decision.kind !== 'wait' || decision.for !== 'an answer of peers' || warned) return;
    if (now() - (startedAtMs ?? now()) < options.connectLimitMs) return;
    warned = true;
    log.warn(
      { code: 'SIBLINGS_UNHEARD', reasons: decision.reasons, limitMs: options.limitMs },
      'not ready: nobody who may hold entries is heard',
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
    for (const [index, { name, terminating: leaving, serving }] of asked.entries()) {
      const status = answers[index] ?? null;
      const who = { name, leaving, connected: connected.has(name) };
      if (status === null || (status.resync === null && status.ready)) {
        mute.push({ ...who, serving });
        continue;
      }
      siblings.push({
        ...who,
        // Its HAProxy has not started, or has just ended: it holds nothing yet.
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
    // A full table swings, so that its count is less now and then: only what is less than ever before is progress.
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
        if (repaired) log.info({ attempts }, 'tables learned after a hard-reload');
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
      const why = possible ? undefined : 'HAProxy before 2.9 knows no hard-reload';
      end('missed', reasons, () =>
        log.error({ code: 'RESYNC_MISSED', reasons, why }, 'tables missed'),
      );
    } else if (decision.kind === 'unheard') {
      end('unheard', reasons, () =>
        log.error({ code: 'SIBLINGS_UNHEARD', reasons }, 'ready all the same'),
      );
    } else {
      end('unmet', reasons, () =>
        log.warn(
          { code: 'SIBLINGS_UNHEARD', reasons },
          'ready, and no peer that holds entries was met: do they run?',
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
