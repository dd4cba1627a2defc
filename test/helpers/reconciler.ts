import type { Applier } from '../../src/apply/applier.ts';
import { createMemoryApplier } from '../../src/apply/memory.ts';
import { loadConfig } from '../../src/config/validate.ts';
import type { Confirm } from '../../src/engine/readiness.ts';
import { createReconciler, type ReloadRequest } from '../../src/engine/reconciler.ts';
import type { Observed } from '../../src/gate/facts.ts';
import type { PeersSection } from '../../src/model/peers-section.ts';
import { gateSettings } from '../../src/modules/peers/gate-settings.ts';
import { planPeers } from '../../src/modules/peers/plan.ts';
import { capturedLog } from './captured-log.ts';
import { membership, peer, section, self, state } from './members.ts';
import { settableSource } from './source.ts';

const identity = { POD_NAME: 'a', POD_IP: '10.0.0.1' };

/** As it is shipped: what a test says of a threshold holds for who sets none. */
export const gate = gateSettings(
  loadConfig('run', ['--source=dns', '--dns=peers'], identity).config,
);

/** A reconciler over a memory applier, with a clock and a HAProxy the test sets. */
export function bench(
  initial: PeersSection = section(['a']),
  reloadRequest?: ReloadRequest,
  confirm?: () => Confirm,
) {
  const inner = createMemoryApplier({ section: initial });
  const source = settableSource(membership('a'));
  const { log, lines } = capturedLog();
  const calls: string[] = [];
  const signal = new AbortController().signal;
  let nowMs = 1_000_000;
  let observed: Observed = { kind: 'up', state: state() };
  let failure: Error | null = null;
  let loads = true;
  let betweenTries: (() => Promise<void>) | null = null;
  function failing(): void {
    if (failure !== null) throw failure;
  }
  /** A worker that has loaded whatever is written, unless told otherwise. */
  async function running(): Promise<Observed> {
    if (!loads || observed.kind === 'down' || observed.state === null) return observed;
    const { peers } = observed.state;
    const written = (await inner.read(signal)).entries
      .filter(({ name }) => !peers.some((known) => known.name === name))
      .map(({ name }) => peer(name, { established: false, local: name === 'a' }));
    return { kind: 'up', state: { ...observed.state, peers: [...peers, ...written] } };
  }
  const applier: Applier = {
    name: 'counting',
    async reload() {},
    async hardReload() {
      calls.push('hard-reload');
      failing();
      return true;
    },
    async read(signal) {
      calls.push('read');
      failing();
      return inner.read(signal);
    },
    async apply(base, changes, signal, mayRetry = async () => true) {
      calls.push('apply');
      failing();
      await betweenTries?.();
      if (betweenTries !== null && !(await mayRetry())) {
        return { reloaded: false, postponed: true, attempts: 1 };
      }
      return inner.apply(base, changes, signal);
    },
    close: () => inner.close(),
  };
  const reconciler = createReconciler({
    source,
    applier,
    observe: running,
    reload: async () => {
      calls.push('reload');
      failing();
    },
    self: self('a'),
    plan: (membership, actual) =>
      planPeers(membership, actual, self('a'), { port: 3000, keep: new Set(), expected: [] }),
    gate,
    log,
    observer: { pass() {}, applied() {}, failed() {}, ready() {} },
    now: () => nowMs,
    ...(reloadRequest === undefined ? {} : { reloadRequest }),
    ...(confirm === undefined ? {} : { confirm }),
  });
  return {
    source,
    lines,
    calls,
    reconciler,
    pass: (resync = false) => reconciler.runOnce(resync, signal),
    names: async () => (await inner.read(signal)).entries.map(({ name }) => name),
    at(ms: number) {
      nowMs = 1_000_000 + ms;
    },
    observe(next: Observed) {
      observed = next;
    },
    fail(error: Error | null) {
      failure = error;
    },
    /** From now on a change takes two tries, with this between them. */
    takesTwoTries(between: () => void) {
      betweenTries = async () => between();
    },
    /** From now on HAProxy runs with just what `observe` says. */
    loadsNothing() {
      loads = false;
    },
  };
}
