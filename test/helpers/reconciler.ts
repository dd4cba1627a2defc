import type { Applier } from '../../src/apply/applier.ts';
import { loadConfig } from '../../src/config/validate.ts';
import type { Module } from '../../src/engine/module.ts';
import type { Confirm } from '../../src/engine/readiness.ts';
import { createReconciler } from '../../src/engine/reconciler.ts';
import type { Observed } from '../../src/model/observed.ts';
import type { PeersSection } from '../../src/model/peers-section.ts';
import { createSectionReader, peersEdit } from '../../src/modules/peers/edit.ts';
import { createPeersGate } from '../../src/modules/peers/gate/keeper.ts';
import { gateSettings, passRetry } from '../../src/modules/peers/gate/settings.ts';
import { planPeers } from '../../src/modules/peers/plan.ts';
import { capturedLog } from './captured-log.ts';
import { membership, peer, section, self, up } from './members.ts';
import { memoryOf, optionsOf } from './peers-applier.ts';
import { settableSource } from './source.ts';

const identity = { POD_NAME: 'a', POD_IP: '10.0.0.1' };

/** As it is shipped: what a test says of a threshold holds for who sets none. */
export const gate = gateSettings(
  loadConfig('run', ['--source=dns', '--dns=peers'], identity).config,
);

/** A reconciler over a memory applier, with a clock and a HAProxy the test sets. */
export function bench(
  initial: PeersSection = section(['a']),
  modules: readonly Module[] = [],
  confirm?: () => Confirm,
) {
  const inner = memoryOf(initial);
  const options = optionsOf(initial);
  const sectionOf = createSectionReader(options);
  const written = async () => sectionOf(await inner.read(signal)).entries;
  const source = settableSource(membership('a'));
  const { log, lines } = capturedLog();
  const calls: string[] = [];
  const signal = new AbortController().signal;
  let nowMs = 1_000_000;
  let observed: Observed = up();
  let failure: Error | null = null;
  let loads = true;
  let cutOff = false;
  let betweenTries: (() => Promise<void>) | null = null;
  function failing(): void {
    if (failure !== null) throw failure;
  }
  /** A worker that has loaded whatever is written, unless told otherwise. */
  async function running(): Promise<Observed> {
    if (!loads || observed.kind === 'down' || observed.state === null) return observed;
    const { peers } = observed.state;
    const more = (await written())
      .filter(({ name }) => !peers.some((known) => known.name === name))
      .map(({ name }) => peer(name, { established: false, local: name === 'a' }));
    return { kind: 'up', state: { ...observed.state, peers: [...peers, ...more] } };
  }
  const applier: Applier = {
    name: 'counting',
    async reload(_signal, mayRetry = async () => true) {
      calls.push('reload');
      failing();
      await betweenTries?.();
      if (betweenTries !== null && !(await mayRetry())) {
        return { reloaded: false, postponed: true, attempts: 1 };
      }
      cutOff = false;
      return { reloaded: true, attempts: 1 };
    },
    async hardReload() {
      calls.push('hard-reload');
      failing();
      return true;
    },
    async read(signal) {
      calls.push('read');
      failing();
      const configuration = await inner.read(signal);
      return cutOff ? { ...configuration, reloadDue: true } : configuration;
    },
    async persist(base, edits, signal) {
      calls.push('persist');
      failing();
      return inner.persist(base, edits, signal);
    },
    async commit(base, edits, signal, mayRetry = async () => true) {
      calls.push('apply');
      failing();
      await betweenTries?.();
      if (betweenTries !== null && !(await mayRetry())) {
        return { reloaded: false, postponed: true, attempts: 1 };
      }
      return inner.commit(base, edits, signal);
    },
    close: () => inner.close(),
  };
  const reconciler = createReconciler({
    source,
    applier,
    observe: running,
    section: sectionOf,
    edit: (changes) => peersEdit(changes, options),
    plan: (membership, actual) =>
      planPeers(membership, actual, self('a'), { port: 3000, keep: new Set(), expected: [] }),
    gate: createPeersGate({ settings: gate, selfName: 'a', now: () => nowMs }),
    retry: passRetry(gate),
    log,
    observer: { pass() {}, applied() {}, failed() {}, ready() {} },
    now: () => nowMs,
    modules,
    ...(confirm === undefined ? {} : { confirm }),
  });
  return {
    source,
    lines,
    calls,
    reconciler,
    pass: (resync = false) => reconciler.runOnce(resync, signal),
    text: async () => (await inner.read(signal)).text,
    names: async () => (await written()).map(({ name }) => name),
    at(ms: number) {
      nowMs = 1_000_000 + ms;
    },
    observe(next: Observed) {
      observed = next;
    },
    fail(error: Error | null) {
      failure = error;
    },
    /** From now on a change or a reload takes two tries, with this between them. */
    takesTwoTries(between: () => void) {
      betweenTries = async () => between();
    },
    /** A change was written, and the reload for it never came. */
    wasCutOff() {
      cutOff = true;
    },
    /** Somebody has reloaded, and HAProxy has what was written. */
    wasLoaded() {
      cutOff = false;
    },
    /** From now on HAProxy runs with just what `observe` says. */
    loadsNothing() {
      loads = false;
    },
  };
}
