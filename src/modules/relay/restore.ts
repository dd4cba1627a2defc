import { sameWorker } from '../../engine/ready-marker.ts';
import type { Observed } from '../../model/observed.ts';
import type { Worker } from '../../model/worker.ts';
import type { Snapshots } from '../snapshot/create.ts';
import type { Own } from './own-haproxy.ts';
import type { View } from './pairing/view.ts';
import type { Partner } from './ready.ts';
import { createRestoredElsewhere } from './restored-elsewhere.ts';
import { firstWorkerOf, othersOf } from './snapshot-view.ts';

export interface RestoreOptions {
  /** Undefined: without `--snapshot` nothing of this is done. */
  readonly snapshots: Snapshots | undefined;
  /** The worker that this replica was ready with in an earlier run of this program. */
  readonly wasReady: Worker | null;
  readonly partners: () => readonly Partner[];
  /** Asks that replica to teach ours all it holds. */
  readonly ask: (name: string, why: string) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** Snapshots as a part of each pass of the relay. */
export interface Restore {
  /** Restores one, where there is nobody to learn from. True: HAProxy is another than `own` has it. */
  look(own: Own, seen: Observed, synced: boolean, signal: AbortSignal): Promise<boolean>;
  /** What others are told of it. */
  shown(own: Own): View | null;
  /** Why this replica is not ready because of it; null: there is nothing to wait for. */
  waits(): string | null;
  /** The worker that this replica is ready with is another one; null: there is none. */
  readyWith(worker: Worker | null): void;
  /** Whether that is the one. */
  isReadyWith(worker: Worker | null): boolean;
  /** False: it is still open whether there is one to learn from. */
  mayBeTold(): boolean;
}

const nothingKnown = { holds: false, offer: 'looking' } as const;

export function createRestore(options: RestoreOptions): Restore {
  const { snapshots, partners, now } = options;
  // Readiness stays as it is until it is known what became of the tables, which is too long here.
  let readyWorker = options.wasReady;
  const readyWith = (worker: Worker | null): void => {
    readyWorker = worker;
  };
  const isReadyWith = (worker: Worker | null): boolean =>
    worker !== null && readyWorker !== null && sameWorker(worker, readyWorker);
  if (snapshots === undefined)
    return {
      look: async () => false,
      shown: ({ view }) => view,
      waits: () => null,
      mayBeTold: () => true,
      ...{ readyWith, isReadyWith },
    };
  const { restoring } = snapshots;
  const lookElsewhere = createRestoredElsewhere({ ask: options.ask, now });
  let elsewhere: string | null = null;
  return {
    ...{ readyWith, isReadyWith },
    async look({ worker, view }, seen, synced, signal) {
      const ready = isReadyWith(worker);
      elsewhere = ready ? null : lookElsewhere(view?.entries ?? 0, partners());
      return await restoring.look(
        {
          ...{ synced, ready, worker: view?.worker ?? null, firstWorker: firstWorkerOf(seen) },
          ...{ learns: view?.learned === false, others: othersOf(partners()) },
        },
        signal,
      );
    },
    shown({ worker, view }) {
      if (view === null) return null;
      // Of a worker that was not looked at yet it is not known that there is nothing.
      const { holds, offer } = restoring.shown(view.worker) ?? nothingKnown;
      return { ...view, snapshot: { holds: holds || isReadyWith(worker), offer } };
    },
    waits: () => restoring.waits() ?? elsewhere,
    mayBeTold: () => restoring.waits() === null,
  };
}
