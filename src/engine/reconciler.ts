import type { Applier } from '../apply/applier.ts';
import type { Configuration, Edit } from '../apply/edit.ts';
import { errorMessage } from '../errors.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../model/backoff.ts';
import { type PeersChanges, someoneJoins } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import { type Membership, stayingNames } from '../model/membership.ts';
import { namesNotLoaded } from '../model/not-loaded.ts';
import type { Observed } from '../model/observed.ts';
import type { PeersPlan } from '../model/peers-plan.ts';
import type { PeersSection } from '../model/peers-section.ts';
import type { Running, Worker } from '../model/worker.ts';
import type { Source } from '../sources/source.ts';
import { createCarryOut } from './carry-out.ts';
import { leftOutReasons } from './left-out.ts';
import type { Module, ModuleRequest } from './module.ts';
import { createPersistLane } from './persist.ts';
import { type Confirm, createReadiness } from './readiness.ts';
import { type Readiness, readiness } from './ready-rule.ts';
import type { ReloadGate } from './reload-gate.ts';
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
  /** The other modules with a part of the configuration, or that need reloads. */
  readonly modules?: readonly Module[];
  /** The state of the section in the running HAProxy. Never throws: a missing answer is a result, too. */
  readonly observe: (signal: AbortSignal) => Promise<Observed>;
  /** The difference between the members and the section. */
  readonly plan: (membership: Membership, section: PeersSection) => PeersPlan;
  /** May HAProxy be reloaded now? */
  readonly gate: ReloadGate;
  /** Retry pause after a failed pass, in milliseconds: it grows from `baseMs` up to `capMs`. */
  readonly retry: { readonly baseMs: number; readonly capMs: number };
  readonly log: Log;
  readonly observer: Observer;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The last word before this pod becomes ready for the first time; it may ask for a hard-reload. */
  readonly confirm?: (() => Confirm) | undefined;
  /** The worker that was ready under an earlier run of this program, and stays so. */
  readonly wasReady?: Worker | null;
  /** Called when the worker with complete tables changes, or is gone (null). */
  readonly onReadyMarker?: (worker: Worker | null) => void;
  /** Become ready although the selector leaves out running replicas. */
  readonly allowLeftOut?: boolean;
}

export interface Reconciler {
  /** One pass: snapshot → read → plan → gate → apply → record. Remote faults are recorded, not thrown. */
  runOnce(full: boolean, signal: AbortSignal): Promise<PassResult>;
  readiness(): Readiness;
  /** The worker that runs now. True: a pass is due to check it. */
  running(running: Running): boolean;
}

/** How often HAProxy is checked while this pod is not ready, in milliseconds. */
const lookAgainMs = 250;
/**
 * Others wait for a pod that is not ready, and its Data Plane API may start at any moment. So for this long, it is
 * tried this often, in milliseconds. It is on the loopback.
 */
const startMs = 5 * 60_000;
const startRetryMs = 1000;
const never = Number.POSITIVE_INFINITY;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { source, applier, now } = options;
  const report = createReporter(options.log, options.observer);
  const modules = options.modules ?? [];
  let configuration: Configuration | null = null;
  let failures = 0;
  const createdAtMs = now();
  const keeper = createReadiness({
    confirm: options.confirm,
    wasReady: options.wasReady ?? null,
    onReadyMarker: options.onReadyMarker ?? (() => {}),
    onReady: report.ready,
    onUnready: report.unready,
    onReadyAgain: () => options.observer.ready(),
  });

  const asks = createRequests(modules, now, options.log);
  const lane = createPersistLane({ applier, requests: asks, now, log: options.log });
  const carryOut = createCarryOut({
    ...{
      applier,
      modules,
      requests: asks,
      edit: options.edit,
      gate: options.gate,
      report,
      siblingsThere,
    },
    ...{ hardReloaded: keeper.hardReloaded, now },
  });

  async function read(full: boolean, signal: AbortSignal): Promise<Configuration> {
    // Another program may have loaded meanwhile what a reload is due for.
    const isOutdated = modules.some((module) => module.outdated?.() === true);
    if (configuration === null || configuration.reloadDue || full || isOutdated) {
      configuration = await applier.read(signal);
    }
    return configuration;
  }

  async function siblingsThere(signal: AbortSignal): Promise<boolean> {
    const observed = await options.observe(signal);
    return options.gate.siblingsThere(observed, source.snapshot());
  }

  /** Writes what no transaction of this pass has included. Returns when to check again. */
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

  async function pass(full: boolean, signal: AbortSignal): Promise<PassResult> {
    const membership = source.snapshot();
    // A pod that is being deleted still serves, and joining peers must receive what it writes. Only full
    // comparisons and run-time changes of modules stop.
    const leaving = membership.leaving === true;
    if (leaving) report.leaving();
    if (!leaving) for (const module of modules) await module.runtime?.(full, signal);
    const base = await read(full && !leaving, signal);
    keeper.observing();
    const observed = await options.observe(signal);
    const section = options.section(base);
    const plan = options.plan(membership, section);
    const unknown = unknownOf(section, observed, stayingNames(membership));
    const needs = { missed: keeper.hardReloadFor(), leaving, unknown };
    const { all, gated, written } = asks.ask(base, needs);
    // What this program must load itself is requested as a reload, and waits for no other program.
    const isOurs = leaving || base.reloadDue === true;
    const decision = options.gate.decide({
      ...{ plan, membership, observed, requests: gated, unknown: isOurs ? null : unknown },
    });
    report.pass({ membership, section, plan, observed, decision });
    if (decision.kind === 'apply') {
      try {
        await carryOut(base, { decision, plan, requests: all, observed }, signal);
      } finally {
        // Whatever happened, our copy of the configuration may be outdated.
        configuration = null;
      }
    }
    const persistAtMs = await persist(base, decision, written, signal);
    if (decision.kind === 'none' || decision.kind === 'apply')
      options.gate.happened({ kind: 'succeeded' });
    const latest = source.snapshot();
    const joins =
      decision.kind !== 'apply' && plan.kind === 'changes' && someoneJoins(plan.changes);
    // Members that are written, and have a reload of ours to come before the worker knows them.
    const awaitsLoad = base.reloadDue === true && unknown.length > 0;
    const judged = readiness({
      synced: latest.synced,
      additionsPending: joins || awaitsLoad,
      // Right after a change it says nothing any more.
      decision: decision.kind === 'apply' ? null : decision.kind,
      observed,
      leftOut: leftOutReasons(latest, options.allowLeftOut === true),
      waits: modules.flatMap((module) => module.waits?.(observed) ?? []),
    });
    await keeper.update({ judged, members: latest.members, observed }, signal);
    return { nextAtMs: Math.min(nextAt(decision), persistAtMs, asks.nextAtMs()) };
  }

  return {
    async runOnce(full, signal) {
      try {
        const result = await pass(full, signal);
        failures = 0;
        return result;
      } catch (error) {
        if (signal.aborted) return { nextAtMs: never };
        failures += 1;
        configuration = null;
        options.gate.happened({ kind: 'blocked' });
        report.failed(error, failures, source.snapshot().leaving === true);
        options.log.debug({ err: error }, errorMessage(error));
        const starts = !keeper.readiness().ready && now() - createdAtMs < startMs;
        const mostMs = starts ? startRetryMs : never;
        return { nextAtMs: now() + Math.min(retryMs(options.retry, failures), mostMs) };
      }
    },
    readiness: keeper.readiness,
    running: keeper.running,
  };
}

/** Members of `wanted` that are written, but not known to the worker. */
function unknownOf(
  section: PeersSection,
  observed: Observed,
  wanted: ReadonlySet<string>,
): readonly string[] {
  if (observed.kind === 'down' || observed.state === null) return [];
  return namesNotLoaded(section, observed.state, wanted);
}

/** A failed pass is repeated, after longer and longer pauses. */
function retryMs(retry: ReconcilerOptions['retry'], failures: number): number {
  return backoffMs(failures, { ...retry, factor: 1.5 });
}
