import type { Applier } from '../apply/applier.ts';
import type { Configuration, Edit } from '../apply/edit.ts';
import { errorMessage } from '../errors.ts';
import type { GateSettings } from '../gate/facts.ts';
import { gate } from '../gate/gate.ts';
import { type HistoryEvent, noMemory, remember } from '../gate/history.ts';
import { siblingSessions } from '../gate/sibling-sessions.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../model/backoff.ts';
import type { PeersChanges } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import type { Self } from '../model/member.ts';
import type { Membership } from '../model/membership.ts';
import { namesNotLoaded } from '../model/not-loaded.ts';
import type { Observed } from '../model/observed.ts';
import type { PeersPlan } from '../model/peers-plan.ts';
import type { PeersSection } from '../model/peers-section.ts';
import type { Request } from '../model/request.ts';
import type { Running, Worker } from '../model/worker.ts';
import type { Source } from '../sources/source.ts';
import { createCarryOut } from './carry-out.ts';
import type { Module, ModuleRequest } from './module.ts';
import { createPersistLane } from './persist.ts';
import { type Confirm, createReadiness } from './readiness.ts';
import type { Readiness } from './ready-rule.ts';
import { createReporter, type Observer } from './reporter.ts';
import { createRequests } from './requests.ts';
import type { PassResult } from './scheduler.ts';

export interface ReconcilerOptions {
  readonly source: Source;
  readonly applier: Applier;
  /** The peers section of a configuration. */
  readonly section: (configuration: Configuration) => PeersSection;
  /** Changes of the section, for the applier. */
  readonly edit: (changes: PeersChanges) => Edit;
  /** Who else has a part of the configuration, or needs reloads. */
  readonly modules?: readonly Module[];
  /** What the running HAProxy says of the section. Never throws: no answer is an answer. */
  readonly observe: (signal: AbortSignal) => Promise<Observed>;
  readonly self: Self;
  /** What differs between the members and the section. */
  readonly plan: (membership: Membership, section: PeersSection) => PeersPlan;
  readonly gate: GateSettings;
  readonly log: Log;
  readonly observer: Observer;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch: siblings have the same, or nearly. Default: `now`. */
  readonly wallNow?: () => number;
  /** The last word before this pod becomes ready for the first time; it may ask for a hard-reload. */
  readonly confirm?: () => Confirm;
  /** The worker that was ready under an earlier run of this program, and stays so. */
  readonly wasReady?: Worker | null;
  /** The worker whose tables are as full as they get is another one now, or gone (null). */
  readonly onReadyMarker?: (worker: Worker | null) => void;
  /** Running replicas that the selector leaves out do not keep this one from becoming ready. */
  readonly allowLeftOut?: boolean;
}

export interface Reconciler {
  /** One pass: snapshot → read → plan → gate → apply → record. Remote faults are recorded, not thrown. */
  runOnce(resync: boolean, signal: AbortSignal): Promise<PassResult>;
  readiness(): Readiness;
  /** Who runs now. True: a pass is due, to look at it. */
  running(running: Running): boolean;
}

/** While this pod is not ready, HAProxy is looked at this often, in milliseconds. */
const lookAgainMs = 250;
/** After a reload, in milliseconds, before what HAProxy runs is compared with what is written. */
const settleMs = 2000;
/**
 * A pod that is not ready is waited for, and its Data Plane API may start any moment: for this long it is tried as often
 * as that, in milliseconds. It is on the loopback.
 */
const startMs = 5 * 60_000;
const startRetryMs = 1000;
const never = Number.POSITIVE_INFINITY;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { source, applier, self, now } = options;
  let memory = noMemory;
  const happened = (event: HistoryEvent) => {
    memory = remember(memory, event, now());
  };
  const report = createReporter(options.log, options.observer);
  const modules = options.modules ?? [];
  let configuration: Configuration | null = null;
  let failures = 0;
  const createdAtMs = now();
  const keeper = createReadiness({
    confirm: options.confirm,
    wasReady: options.wasReady ?? null,
    onReadyMarker: options.onReadyMarker ?? (() => {}),
    allowLeftOut: options.allowLeftOut === true,
    onReady: report.ready,
    onUnready: report.unready,
    onReadyAgain: () => options.observer.ready(),
  });

  const asks = createRequests(modules, now, options.log);
  const lane = createPersistLane({ applier, requests: asks, now, log: options.log });
  const carryOut = createCarryOut({
    ...{ applier, modules, requests: asks, edit: options.edit, happened, report, siblingsThere },
    ...{ hardReloaded: keeper.hardReloaded, now },
  });

  async function read(resync: boolean, signal: AbortSignal): Promise<Configuration> {
    // Somebody may have loaded meanwhile what a reload is due for.
    if (configuration === null || configuration.reloadDue || resync) {
      configuration = await applier.read(signal);
    }
    return configuration;
  }

  /** Right after our own reload the old worker may still be the one that answers. */
  function unloadedOf(names: readonly string[], observed: Observed) {
    const { lastReloadAtMs } = memory.history;
    const recent = lastReloadAtMs !== null && now() < lastReloadAtMs + settleMs;
    if (recent || observed.kind === 'down' || observed.state === null) return [];
    happened({ kind: 'not-loaded', names });
    return names;
  }

  function decide(
    plan: PeersPlan,
    membership: Membership,
    observed: Observed,
    requests: readonly Request[],
    unknown: readonly string[],
  ): Decision {
    if (plan.kind === 'hold') {
      happened({ kind: 'no-change' });
      happened({ kind: 'blocked' });
      return { kind: 'hold', reasons: plan.reasons, codes: [plan.code] };
    }
    happened({ kind: 'planned', changes: plan.changes, observed });
    const memberNames = stayingNames(membership);
    // What is our own to load is asked for as a reload, and waits for nobody.
    const asked = membership.leaving === true || configuration?.reloadDue === true;
    const unloaded = asked ? [] : unloadedOf(unknown, observed);
    const input = {
      changes: plan.changes,
      reasons: plan.reasons,
      observed,
      selfName: self.name,
      memberNames,
      allNames: new Set(membership.members.map(({ name }) => name)),
      awaited: membership.awaited,
      history: memory.history,
      requests,
      unloaded,
      wallAheadMs: (options.wallNow ?? now)() - now(),
    };
    const decision = gate(input, options.gate, now());
    happened({ kind: 'decided', decision });
    return decision;
  }

  async function siblingsThere(signal: AbortSignal): Promise<boolean> {
    const observed = await options.observe(signal);
    const names = stayingNames(source.snapshot());
    const { missing, behind } = siblingSessions(observed, memory.history, names, options.gate);
    return missing.length === 0 && behind.length === 0;
  }

  /** What a transaction of this pass has not taken along. When to look again for it. */
  async function persist(
    base: Configuration,
    decision: Decision,
    requests: readonly ModuleRequest[],
    signal: AbortSignal,
  ): Promise<number> {
    if (decision.kind === 'apply') return now();
    const dueMs = lane.dueAtMs(requests);
    if (now() < dueMs) return dueMs;
    if (await lane.write(base, requests, signal)) configuration = null;
    return lane.dueAtMs(requests);
  }

  function nextAt(decision: Decision): number {
    if (decision.kind === 'apply') return now();
    const look = keeper.readiness().ready ? never : now() + lookAgainMs;
    return Math.min(look, decision.kind === 'wait' ? decision.untilMs : never);
  }

  async function pass(resync: boolean, signal: AbortSignal): Promise<PassResult> {
    const membership = source.snapshot();
    // Who is about to go still serves, and what it writes is for those who join now, too. It only looks at nothing anew.
    const leaving = membership.leaving === true;
    if (leaving) report.leaving();
    if (!leaving) for (const module of modules) await module.runtime?.(resync, signal);
    const base = await read(resync && !leaving, signal);
    const observed = await options.observe(signal);
    const section = options.section(base);
    const plan = options.plan(membership, section);
    const unknown = unknownOf(section, observed, stayingNames(membership));
    const needs = { missed: keeper.hardReloadFor(), leaving, unknown };
    const { all, gated, written } = asks.ask(base, needs);
    const decision = decide(plan, membership, observed, gated, unknown);
    report.pass({ membership, section, plan, observed, decision });
    if (decision.kind === 'apply') {
      try {
        await carryOut(base, decision, all, observed, signal);
      } finally {
        // Whatever happened, the configuration is no longer known to be what it was.
        configuration = null;
      }
    }
    const persistAtMs = await persist(base, decision, written, signal);
    if (decision.kind === 'none' || decision.kind === 'apply') happened({ kind: 'succeeded' });
    await keeper.update(
      source.snapshot(),
      decision.kind === 'apply' ? null : plan,
      decision.kind === 'apply' ? null : decision,
      base.reloadDue ? unknown : [],
      observed,
      signal,
    );
    return { nextAtMs: Math.min(nextAt(decision), persistAtMs, asks.nextAtMs()) };
  }

  return {
    async runOnce(resync, signal) {
      try {
        const result = await pass(resync, signal);
        failures = 0;
        return result;
      } catch (error) {
        if (signal.aborted) return { nextAtMs: never };
        failures += 1;
        configuration = null;
        happened({ kind: 'blocked' });
        report.failed(error, failures, source.snapshot().leaving === true);
        options.log.debug({ err: error }, errorMessage(error));
        const starts = !keeper.readiness().ready && now() - createdAtMs < startMs;
        const mostMs = starts ? startRetryMs : never;
        return { nextAtMs: now() + Math.min(retryMs(options.gate, failures), mostMs) };
      }
    },
    readiness: keeper.readiness,
    running: keeper.running,
  };
}

/** Who of `wanted` is written, and not known to the worker. */
function unknownOf(
  section: PeersSection,
  observed: Observed,
  wanted: ReadonlySet<string>,
): readonly string[] {
  if (observed.kind === 'down' || observed.state === null) return [];
  return namesNotLoaded(section, observed.state, wanted);
}

function stayingNames({ members }: Membership): ReadonlySet<string> {
  return new Set(members.filter(({ terminating }) => !terminating).map(({ name }) => name));
}

/** A pass that failed is repeated, ever later. */
function retryMs({ backoffMinMs, backoffMaxMs }: GateSettings, failures: number): number {
  return backoffMs(failures, { baseMs: backoffMinMs, capMs: backoffMaxMs / 4, factor: 1.5 });
}
