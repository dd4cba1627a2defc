import { monotonicNow } from '../../src/clock.ts';
import type { Module } from '../../src/engine/module.ts';
import { observePeers } from '../../src/engine/observe.ts';
import { createReconciler } from '../../src/engine/reconciler.ts';
import { createScheduler } from '../../src/engine/scheduler.ts';
import type { Log } from '../../src/log.ts';
import { createSectionReader, peersEdit } from '../../src/modules/peers/edit.ts';
import { createPeersGate } from '../../src/modules/peers/gate/keeper.ts';
import { passRetry } from '../../src/modules/peers/gate/settings.ts';
import { planPeers } from '../../src/modules/peers/plan.ts';
import { member, membership, self } from '../helpers/members.ts';
import { gate } from '../helpers/reconciler.ts';
import { settableSource } from '../helpers/source.ts';
import { dataplaneConfigurations } from './appliers.ts';
import type { DataplaneStand } from './dataplane-stand.ts';
import { sectionName } from './haproxy-stand.ts';

/** As soon as may be: what is tested is what is done, not when. */
const soon = {
  ...{ burstWindowMs: 20, minReloadIntervalMs: 50, removalDelayMs: 100, staggerMs: 0 },
  ...{ staggerLimitMs: 0, reestablishLimitMs: 50, unloadedLimitMs: 500 },
  ...{ backoffMinMs: 50, backoffMaxMs: 500 },
};

export interface EngineLoopOptions {
  readonly on: DataplaneStand;
  /** Works beside the members. */
  readonly module: Module;
  readonly log: Log;
  readonly reconcileIntervalMs: number;
  readonly signal: AbortSignal;
}

export interface EngineLoop {
  /** Has these members beside itself, `a`, from now on. */
  members(names: readonly string[]): void;
  poke(): void;
  /** Reloads of ours while the own resync was pending, and errors of the loop: none may be. */
  readonly wrong: readonly string[];
  /** Resolves when `signal` has ended it. */
  readonly ended: Promise<void>;
}

/** The engine as `run` has it, over a real API and HAProxy, with a second module beside the members. */
export function startEngineLoop(options: EngineLoopOptions): EngineLoop {
  const { on, module, log, signal } = options;
  const running = async (stop: AbortSignal) => {
    const observed = await observePeers(on.adminSocket, sectionName, stop);
    return observed.kind === 'up' ? observed.state?.peers : undefined;
  };
  const section = { sectionName, env: {}, running };
  const owners = module.owner === undefined ? [] : [module.owner];
  const applier = dataplaneConfigurations(on, section, owners, { log });
  const own = member('a', { address: '127.0.0.1' });
  const source = settableSource(membership(own));
  const wrong: string[] = [];
  const who = { ...self('a'), address: '127.0.0.1' };
  const plan = { port: on.peersPort, keep: new Set<string>(), expected: [] };
  const settings = { ...gate, ...soon };
  const reconciler = createReconciler({
    ...{ source, applier, modules: [module], log, now: monotonicNow },
    gate: createPeersGate({ settings, selfName: who.name, now: monotonicNow }),
    retry: passRetry(settings),
    observe: (stop) => observePeers(on.adminSocket, sectionName, stop),
    section: createSectionReader(section),
    edit: (changes) => peersEdit(changes, section),
    plan: (members, found) => planPeers(members, found, who, plan),
    observer: {
      pass({ decision, observed }) {
        if (decision.kind !== 'apply' || observed.kind === 'down') return;
        if (observed.state?.resync === 'pending') wrong.push(decision.reasons.join());
      },
      ...{ applied() {}, failed() {}, ready() {} },
    },
  });
  const scheduler = createScheduler({
    pass: (full) => reconciler.runOnce(full, signal),
    reconcileIntervalMs: options.reconcileIntervalMs,
    now: monotonicNow,
    onError: (error) => wrong.push(String(error)),
  });
  source.onChange(() => scheduler.poke());
  return {
    members(names) {
      const others = names.map((name) =>
        member(name, { address: `127.0.7.${name.charCodeAt(0)}` }),
      );
      source.set(membership(own, ...others));
    },
    poke: () => scheduler.poke(),
    wrong,
    ended: scheduler.run(signal),
  };
}
