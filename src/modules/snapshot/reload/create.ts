import { sleep } from '../../../clock.ts';
import type { Module } from '../../../engine/module.ts';
import { sameWorker } from '../../../engine/ready-marker.ts';
import type { Membership } from '../../../model/membership.ts';
import type { Observed } from '../../../model/observed.ts';
import type { Running, Worker } from '../../../model/worker.ts';
import type { Candidate } from '../../../snapshot/decide/taker.ts';
import type { Status } from '../../../telemetry/status-schema.ts';
import type { SnapshotNeeds, Snapshots } from '../create.ts';
import type { LegPlace } from '../leg-place.ts';
import type { Standing } from '../recording.ts';
import { type Ask, candidatesBefore, createAsking } from './ask.ts';
import { createLineage } from './lineage.ts';
import { otherOf } from './others.ts';

export interface ReloadSnapshotsOptions {
  readonly snapshots: (needs: SnapshotNeeds) => Snapshots;
  /** The line for lessons. */
  readonly leg: LegPlace;
  readonly alone: SnapshotNeeds['alone'];
  readonly self: string;
  readonly members: () => Membership;
  readonly observe: (signal: AbortSignal) => Promise<Observed>;
  /** The worker that runs now, by one small command. */
  readonly running: () => Promise<Running>;
  readonly ask: Ask;
  /** The worker that this replica was ready with in an earlier run of this program. */
  readonly wasReady: Worker | null;
  /** `--join-timeout`. */
  readonly joinTimeoutMs: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface ReloadSnapshots {
  /** Restores in a pass, so never while this program reloads HAProxy. */
  readonly module: Module;
  /** The worker that this replica is ready with is another one; null: there is none. */
  readyWith(worker: Worker | null): void;
  /** Takes snapshots until `signal` aborts. Never rejects. */
  record(signal: AbortSignal): Promise<void>;
  recordLast(limitMs: number): Promise<void>;
  /** What others are told, as a part of `/status`. */
  status(): Promise<Pick<Status, 'restore' | 'snapshot'>>;
  /** Why nobody may use the line for lessons by hand now; null: somebody may. */
  waits(): string | null;
  /** A command has taken or restored one beside this. */
  readonly byHand: Snapshots['byHand'];
}

/** How often others are asked whether one of them takes the snapshots. */
const takerMs = 5000;
/** Before the last snapshot, in milliseconds. */
const answerMs = 1000;
/** From the moment that HAProxy is about to be reloaded, at most until the next worker has the tables. */
const reloadMs = 10_000;
const undecided = 'it is not decided yet whether a snapshot is restored';

/** Snapshots of a HAProxy that this program reloads, and that learns from its peers by itself. */
export function createReloadSnapshots(options: ReloadSnapshotsOptions): ReloadSnapshots {
  const { self, members, ask, now } = options;
  let readyWorker = options.wasReady;
  let seen: Worker | null = null;
  let candidates: readonly Candidate[] | null = null;
  let reloadsUntilMs = Number.NEGATIVE_INFINITY;
  const asking = createAsking(ask, now);
  const lineage = createLineage();

  const isReadyWith = (worker: Worker | null): boolean =>
    worker !== null && readyWorker !== null && sameWorker(worker, readyWorker);
  const others = () => members().members.filter(({ name }) => name !== self);

  function standing(): Standing {
    const { members: all, leaving = false } = members();
    const leaves = new Set(all.flatMap((each) => (each.terminating ? [each.name] : [])));
    return {
      // A lesson that is begun in a worker which is about to be replaced does not come to its end.
      ready: readyWorker !== null && candidates !== null && now() >= reloadsUntilMs,
      leaving: leaving || leaves.has(self),
      others: (candidates ?? [])
        .filter(({ name }) => all.some((member) => member.name === name))
        .map((each) => ({ ...each, terminating: leaves.has(each.name) })),
    };
  }

  const { recording, restoring, shown, byHand } = options.snapshots({
    ...{ leg: options.leg, standing },
    isReadyWith(worker) {
      const is = isReadyWith(worker);
      // Another program has reloaded it, or it has ended.
      if (!is) reloadsUntilMs = now() + reloadMs;
      return is;
    },
    alone: options.alone,
  });

  async function look(signal: AbortSignal): Promise<void> {
    const observed = await options.observe(signal);
    if (observed.kind === 'down' || observed.state === null || !observed.worker) return;
    const { state, worker } = observed;
    if (seen === null || !sameWorker(seen, worker)) seen = worker;
    const first = lineage.firstOf(seen, state);
    const learned = state.resync === 'learned' && (state.entries ?? 0) > 0;
    // It is settled already, and nobody has to be asked.
    const known = isReadyWith(worker) || learned || first === false;
    if (!known) await asking.look(others(), signal);
    if (signal.aborted) return;
    const { synced } = members();
    await restoring.look(
      {
        ...{ synced, worker: nameOf(seen), firstWorker: first },
        // What it has learned from a peer is newer.
        ready: isReadyWith(worker) || learned,
        learns: state.resync === 'pending',
        others: others().map((member) =>
          otherOf(member, asking.heard(member), now(), options.joinTimeoutMs * 0.9),
        ),
      },
      signal,
    );
    lineage.settled(restoring.waits() === null);
  }

  const module: Module = {
    name: 'snapshot',
    request: () => null,
    async runtime(_, signal) {
      if (readyWorker === null || restoring.waits() !== null) await look(signal);
    },
    waits(observed) {
      const worker = observed.kind === 'up' ? observed.worker : null;
      if (!worker) return null;
      const isSeen = seen !== null && sameWorker(seen, worker);
      return restoring.waits() ?? (isSeen ? null : undecided);
    },
    async prepare() {
      reloadsUntilMs = now() + reloadMs;
    },
  };

  async function findTaker(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (readyWorker !== null) candidates = await candidatesBefore(self, others(), ask, signal);
      await sleep(readyWorker === null ? 500 : takerMs, signal).catch(() => undefined);
    }
  }

  async function restore(): Promise<Status['restore']> {
    const running = await options.running();
    const worker = running.kind === 'worker' ? running.worker : null;
    // Of another worker than the one that was looked at, nothing is known yet.
    const isSeen = worker !== null && seen !== null && sameWorker(seen, worker);
    const known = isSeen && seen !== null ? restoring.shown(nameOf(seen)) : null;
    if (isReadyWith(worker)) return { holds: true, offer: known?.offer ?? null };
    return known ?? { offer: 'looking' };
  }

  return {
    module,
    byHand,
    waits: restoring.waits,
    readyWith(worker) {
      readyWorker = worker;
      if (worker !== null) reloadsUntilMs = Number.NEGATIVE_INFINITY;
    },
    async record(signal) {
      await Promise.all([recording.run(signal), findTaker(signal)]);
    },
    async recordLast(limitMs) {
      // It has become ready a moment ago, and has not asked yet.
      if (readyWorker !== null)
        candidates ??= await candidatesBefore(self, others(), ask, AbortSignal.timeout(answerMs));
      await recording.last(limitMs);
    },
    status: async () => ({ restore: await restore(), snapshot: shown() }),
  };
}

function nameOf({ pid, startedAtSeconds }: Worker): string {
  return `${pid}-${startedAtSeconds}`;
}
