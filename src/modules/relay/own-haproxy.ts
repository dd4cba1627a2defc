import { sameWorker } from '../../engine/ready-marker.ts';
import type { Observed } from '../../model/observed.ts';
import type { Worker } from '../../model/worker.ts';
import type { View } from './pairing/view.ts';

/** Our HAProxy as it was last seen, and what others are told of it. */
export interface Own {
  /** The last worker that answered; null: none has. */
  readonly worker: Worker | null;
  /** Null: it does not answer, or has not the section. */
  readonly view: View | null;
}

export const neverSeen: Own = { worker: null, view: null };

/**
 * What others are told. A worker keeps the name that it was first told under: HAProxy may round its time of start otherwise
 * in another answer, and another name would end its sessions and make its slots count as never used.
 */
export function ownOf(before: Own, observed: Observed): Own {
  if (observed.kind === 'down' || observed.state === null || !observed.worker)
    return { ...before, view: null };
  const isSame = before.worker !== null && sameWorker(before.worker, observed.worker);
  const worker = isSame && before.worker !== null ? before.worker : observed.worker;
  const { resync, handedOver, entries = 0 } = observed.state;
  const view = {
    worker: `${worker.pid}-${worker.startedAtSeconds}`,
    learned: resync === 'learned' || resync === 'alone',
    fresh: handedOver === false,
    entries,
  };
  return { worker, view };
}
