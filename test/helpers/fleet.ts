import type { Applier } from '../../src/apply/applier.ts';
import { createReconciler } from '../../src/engine/reconciler.ts';
import { createScheduler } from '../../src/engine/scheduler.ts';
import { RemoteError } from '../../src/errors.ts';
import { lessonLine } from '../../src/model/lesson-line.ts';
import type { Observed } from '../../src/model/observed.ts';
import type { PeerEntry } from '../../src/model/peers-section.ts';
import type { PeerState } from '../../src/model/peers-state.ts';
import { createSectionReader, peersEdit } from '../../src/modules/peers/edit.ts';
import type { PeersGateSettings } from '../../src/modules/peers/gate/facts.ts';
import { createPeersGate } from '../../src/modules/peers/gate/keeper.ts';
import { passRetry } from '../../src/modules/peers/gate/settings.ts';
import { planPeers } from '../../src/modules/peers/plan.ts';
import { capturedLog } from './captured-log.ts';
import { entry, member, membership, peer, section, self, state } from './members.ts';
import { memoryOf, optionsOf } from './peers-applier.ts';
import { gate } from './reconciler.ts';
import { wants } from './requests.ts';
import { settableSource } from './source.ts';

const never = Number.POSITIVE_INFINITY;
/** With the global timer, which is the one that tests replace. */
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One reload of a replica, at the moment when the gate let it through. */
export interface Reload {
  readonly name: string;
  readonly atMs: number;
  /** Who had a session with it. */
  readonly connected: readonly string[];
  /** Who had not, because it reloads, or has not got yet what was written meanwhile. */
  readonly away: readonly string[];
}

/** How long whoever has just come back takes over what was written meanwhile, in milliseconds. */
const catchUpMs = 150;

export interface FleetOptions {
  readonly names: readonly string[];
  /** Siblings without a reconciler, which everybody knows at the start. */
  readonly others?: readonly string[];
  /** Numbers from 0 to 1: how long this and that takes. */
  readonly random: () => number;
  readonly entries?: number;
  readonly now: () => number;
  /** The date; default: `now`. */
  readonly wallNow?: () => number;
  readonly settings?: Partial<PeersGateSettings>;
  /** Nobody is ready, and each can find that it has missed tables. */
  readonly unready?: boolean;
  /** Every section has a line for lessons. */
  readonly lessons?: boolean;
}

/** A HAProxy as its siblings see it; it is there, or reloads, or is gone. */
interface Worker {
  /** Names that it has loaded. */
  loaded: ReadonlySet<string>;
  /** Its sessions begin then; until then it is away. */
  backAtMs: number;
  /** Its admin socket does not answer until then. */
  downUntilMs: number;
  /** Its this replica has not finished its resync until then. */
  learnsUntilMs: number;
  present: boolean;
}

/**
 * Whole reconcilers and schedulers side by side, in a world of simulated HAProxys, where a reload begins some time after
 * it was asked for and takes its replica away for a while. Needs vitest's fake timers, which are its time.
 */
export function createFleet({
  names,
  others = [],
  random,
  entries = 0,
  now,
  wallNow = now,
  settings: given = {},
  unready = false,
  lessons = false,
}: FleetOptions) {
  const settings = { ...gate, ...given };
  const workers = new Map<string, Worker>();
  const reloads: Reload[] = [];
  const stop = new AbortController();
  const between = (least: number, most: number) => least + random() * (most - least);

  function worker(name: string): Worker {
    const found = workers.get(name);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  }

  function begin(name: string, loaded: Iterable<string>): Worker {
    const begun = {
      loaded: new Set(loaded),
      backAtMs: now(),
      downUntilMs: 0,
      learnsUntilMs: 0,
      present: true,
    };
    workers.set(name, begun);
    return begun;
  }

  /** When the present session of the two began, or will begin; infinite: they have none. */
  function sessionAt(one: string, other: string): number {
    const [a, b] = [workers.get(one), workers.get(other)];
    if (one === other || a?.present !== true || b?.present !== true) return never;
    return a.loaded.has(other) && b.loaded.has(one) ? Math.max(a.backAtMs, b.backAtMs) : never;
  }

  /** Since when the two have a session; null: they have none. */
  function sessionSince(one: string, other: string): number | null {
    const since = sessionAt(one, other);
    return since <= now() ? since : null;
  }

  function seenBy(name: string): PeerState[] {
    return [...worker(name).loaded].map((other) => {
      if (other === name) return peer(name, { local: true, established: false });
      const since = sessionSince(name, other);
      const sessionSeconds =
        since === null ? undefined : Math.floor(Math.max(0, now() - since) / 1000);
      // Whoever has just come back has to be told what was written meanwhile.
      const behind = since === null ? undefined : now() - since < catchUpMs ? 400 : 0;
      return peer(other, { established: since !== null, sessionSeconds, behind });
    });
  }

  function observe(name: string): Observed {
    const { downUntilMs, learnsUntilMs } = worker(name);
    if (now() < downUntilMs) return { kind: 'down', why: 'no answer' };
    const resync = now() < learnsUntilMs ? 'pending' : 'learned';
    return {
      kind: 'up',
      state: state({ localName: name, resync, peers: seenBy(name), entries }),
    };
  }

  function replica(name: string, known: readonly string[] = [...names, ...others]) {
    const lesson = { ...entry(name), name: lessonLine };
    const began = section(known, lessons ? { lesson } : {});
    const inner = memoryOf(began);
    const options = optionsOf(began);
    const sectionOf = createSectionReader(options);
    const written = async () => sectionOf(await inner.read(stop.signal)).entries;
    const source = settableSource(membership(...known));
    let failsUntilMs = 0;
    let answersAtMs = 0;
    let wish: string | null = null;
    let missed = false;
    begin(name, known);

    /** Asked for now; the worker is another one once the configuration is checked. */
    async function reload(then: () => Promise<void>): Promise<void> {
      if (now() < failsUntilMs) {
        throw new RemoteError('DATAPLANE_UNREACHABLE', 'away', { retryable: true });
      }
      const known = [...workers.keys()];
      const connected = known.filter((other) => sessionSince(name, other) !== null);
      const away = known.filter((other) => {
        const since = sessionAt(name, other);
        return since !== never && now() < since + catchUpMs;
      });
      reloads.push({ name, atMs: now(), connected, away });
      await sleep(between(20, 100));
      await then();
      const mine = worker(name);
      mine.loaded = new Set((await written()).map((each) => each.name));
      mine.backAtMs = now() + between(40, 150) + (entries / settings.handoverRate) * 1000;
      await sleep(between(10, 40));
    }

    const applier: Applier = {
      name: 'simulated',
      async reload() {
        await reload(async () => {});
        return { reloaded: true, attempts: 1 };
      },
      async hardReload() {
        await reload(async () => {});
        return true;
      },
      async read(signal) {
        if (now() < failsUntilMs) {
          throw new RemoteError('DATAPLANE_UNREACHABLE', 'away', { retryable: true });
        }
        if (now() < answersAtMs) await sleep(answersAtMs - now());
        return inner.read(signal);
      },
      persist: (base, edits, signal) => inner.persist(base, edits, signal),
      async commit(base, edits, signal) {
        await reload(async () => void (await inner.commit(base, edits, signal)));
        return { reloaded: true, attempts: 1 };
      },
      close: async () => {},
    };
    const confirm = () => ({
      look: async () => ({ ready: false, reasons: ['tables missed'], hardReload: missed }),
      hardReloaded() {
        missed = false;
      },
    });
    const reconciler = createReconciler({
      source,
      applier,
      // An answer takes its time, so that no look is at the very moment that it was meant for.
      observe: async () => {
        await sleep(between(1, 4));
        return observe(name);
      },
      section: sectionOf,
      edit: (changes) => peersEdit(changes, options),
      plan: (membership, actual) =>
        planPeers(membership, actual, self(name), { port: 3000, keep: new Set(), expected: [] }),
      gate: createPeersGate({ settings, selfName: name, now, wallNow }),
      retry: passRetry(settings),
      log: capturedLog().log,
      observer: { pass() {}, applied() {}, failed() {}, ready() {} },
      now,
      ...(unready ? { confirm } : {}),
      modules: [
        {
          name: 'wish',
          request: () => (wish === null ? null : wants('reload', wish)),
          reloaded: () => {
            wish = null;
          },
        },
      ],
    });
    const scheduler = createScheduler({
      pass: (resync) => reconciler.runOnce(resync, stop.signal),
      reconcileIntervalMs: 30_000,
      now,
      onError: (error) => {
        throw error;
      },
    });
    source.onChange(() => scheduler.poke());
    return {
      name,
      source,
      scheduler,
      start: () => void scheduler.run(stop.signal),
      wants(reason: string) {
        wish = reason;
        scheduler.poke();
      },
      wish: () => wish,
      misses() {
        missed = true;
      },
      section: (): Promise<readonly PeerEntry[]> => written(),
      /** Somebody else writes peers and does not reload. */
      async written(added: readonly string[]) {
        const base = await inner.read(stop.signal);
        const add = added.map((each) => entry(each));
        const changes = { create: false, add, update: [], remove: [] };
        await inner.commit(base, [peersEdit(changes, options)], stop.signal);
      },
      apiFailsFor(ms: number) {
        failsUntilMs = now() + ms;
      },
      /** Reads are answered then. */
      apiHangsFor(ms: number) {
        answersAtMs = now() + ms;
      },
      haproxyDownFor(ms: number) {
        worker(name).downUntilMs = now() + ms;
      },
      learnsFor(ms: number) {
        worker(name).learnsUntilMs = now() + ms;
      },
    };
  }

  const replicas = names.map((name) => replica(name));
  for (const name of others) begin(name, [...names, ...others]);
  return {
    replicas,
    reloads,
    settings,
    /** A sibling without a reconciler, which knows everybody. */
    joins(name: string) {
      begin(name, [...names, name]);
      return member(name);
    },
    /** Whether all who run know that name and can teach: `init` waits for it. */
    isKnown(name: string): boolean {
      return replicas.every((each) => {
        const { loaded, backAtMs, downUntilMs, learnsUntilMs } = worker(each.name);
        return loaded.has(name) && now() >= Math.max(backAtMs, downUntilMs, learnsUntilMs);
      });
    },
    /** A sibling that `init` gave the section of these members, and whose sidecar starts with it. */
    arrives(name: string, members: readonly string[]) {
      const arrived = replica(name, members);
      replicas.push(arrived);
      arrived.start();
    },
    leaves(name: string) {
      worker(name).present = false;
    },
    /** Nobody has a session with it any more. */
    losesSessions(name: string) {
      worker(name).loaded = new Set();
    },
    stop: () => stop.abort(),
  };
}
