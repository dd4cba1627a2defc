import type { Applied, Applier } from '../apply/applier.ts';
import type { Configuration, Edit } from '../apply/edit.ts';
import { RemoteError } from '../errors.ts';
import { hasChanges, noChanges, type PeersChanges } from '../model/changes.ts';
import type { Decision } from '../model/decision.ts';
import type { Observed } from '../model/observed.ts';
import { changesOf, type PeersPlan } from '../model/peers-plan.ts';
import type { Module, ModuleRequest } from './module.ts';
import type { ReloadGate } from './reload-gate.ts';
import type { Reporter } from './reporter.ts';
import type { Requests } from './requests.ts';

export interface CarryOutOptions {
  readonly applier: Applier;
  readonly modules: readonly Module[];
  readonly requests: Requests;
  readonly edit: (changes: PeersChanges) => Edit;
  readonly gate: ReloadGate;
  readonly report: Reporter;
  /**
   * The gate decided before the first attempt. A Data Plane API takes seconds to restart, and siblings may reload in
   * that time.
   */
  readonly siblingsThere: (signal: AbortSignal) => Promise<boolean>;
  /** False: HAProxy does not have the command. */
  readonly hardReloaded: (possible: boolean) => void;
  readonly now: () => number;
}

export interface Work {
  readonly decision: Extract<Decision, { readonly kind: 'apply' }>;
  readonly plan: PeersPlan;
  readonly requests: readonly ModuleRequest[];
  readonly observed: Observed;
}

/**
 * Carries out a decision of the gate: one transaction with the edits of all modules, or a reload without a change.
 */
export type CarryOut = (base: Configuration, work: Work, signal: AbortSignal) => Promise<void>;

export function createCarryOut(options: CarryOutOptions): CarryOut {
  const { applier, modules, gate, report, now } = options;

  async function hardReload(observed: Observed, signal: AbortSignal): Promise<void> {
    const possible = await applier.hardReload(signal);
    if (possible) tellReloaded(observed);
    options.hardReloaded(possible);
  }

  async function reload({ version }: Configuration, signal: AbortSignal): Promise<Applied> {
    const done = await applier.reload(signal, () => options.siblingsThere(signal));
    return { version, ...done };
  }

  async function commit(
    base: Configuration,
    changes: PeersChanges,
    requests: readonly ModuleRequest[],
    signal: AbortSignal,
  ): Promise<Applied> {
    const mine = hasChanges(changes) ? [options.edit(changes)] : [];
    const wanted = requests.flatMap((request) => request.edits);
    const edits = [...mine, ...wanted.filter((edit) => isLeft(edit, base))];
    if (edits.length === 0) return reload(base, signal);
    try {
      return await applier.commit(base, edits, signal, () => options.siblingsThere(signal));
    } catch (error) {
      // Of several, nobody knows whose fault it was: the members go alone the next time, and whoever else is at fault keeps nobody.
      // Who asked for the reload alone counts, too: a file that the worker reads may be what it cannot load.
      if (!(error instanceof RemoteError) || error.retryable) throw error;
      const shared = mine.length + requests.length > 1;
      const others = edits.slice(mine.length).map(({ owner }) => ({ owner, error, shared }));
      options.requests.hold(others);
      if (mine.length > 0 || others.length === 0) throw error;
      return { reloaded: false, version: base.version, attempts: 1 };
    }
  }

  function tellReloaded(observed: Observed): void {
    for (const module of modules) module.reloaded?.();
    gate.happened({ kind: 'reloaded', observed });
  }

  return async (base, { decision, plan, requests, observed }, signal) => {
    const changes = changesOf(plan, decision);
    const startedAtMs = now();
    let applied: Applied;
    try {
      for (const module of modules) await module.prepare?.();
      if (decision.via === 'hard-reload') return await hardReload(observed, signal);
      applied = await commit(base, changes, requests, signal);
    } catch (error) {
      if (!signal.aborted) gate.happened({ kind: 'failed' });
      throw error;
    }
    gate.happened({ kind: 'no-change' });
    if (applied.postponed === true) return report.postponed(applied, now() - startedAtMs);
    const { held = [] } = applied;
    if (applied.reloaded) {
      tellReloaded(observed);
      const owners = requests.map(({ module }) => module);
      options.requests.release(owners.filter((name) => held.every(({ owner }) => owner !== name)));
    }
    const own = held.find(({ owner }) => modules.every(({ name }) => name !== owner));
    const made = own === undefined ? changes : noChanges;
    report.applied(applied, now() - startedAtMs, made, decision.reasons);
    options.requests.hold(held.filter(({ owner }) => modules.some(({ name }) => name === owner)));
    if (own === undefined) return;
    gate.happened({ kind: 'failed' });
    throw own.error;
  };
}

/** What is already written is not written again. Only the reload is requested. */
function isLeft({ remaining }: Edit, base: Configuration): boolean {
  try {
    return remaining(base) !== null;
  } catch {
    return true;
  }
}
