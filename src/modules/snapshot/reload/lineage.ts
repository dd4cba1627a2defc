import { sameWorker } from '../../../engine/ready-marker.ts';
import type { PeersState } from '../../../model/peers-state.ts';
import type { Worker } from '../../../model/worker.ts';

/**
 * Whether a worker is the first of its HAProxy, or follows one into which a snapshot could still have been restored: the reload with
 * which peers come in may be the first thing that happens after a start, and hands over nothing worth keeping.
 */
export function createLineage() {
  let worker: Worker | null = null;
  /** The one before was first, and nothing was settled for it. */
  let follows = false;
  let isOpen = false;
  return {
    /** Undefined: not decided yet, because it still learns. */
    firstOf(next: Worker, { resync, handedOver, entries }: PeersState): boolean | undefined {
      if (worker === null || !sameWorker(worker, next)) follows = isOpen;
      worker = next;
      if (resync === 'pending') return undefined;
      // A format that cannot be read: nothing is put on top of tables that are not known.
      const first = handedOver === undefined ? false : !handedOver || entries === 0 || follows;
      isOpen = first;
      return first;
    },
    /** Whether it is settled what the last one has. */
    settled(is: boolean): void {
      if (is) isOpen = false;
    },
  };
}
