import { sleep } from '../clock.ts';
import type { PeersChanges } from '../model/changes.ts';
import type { PeersSection } from '../model/peers-section.ts';
import type { PeerState } from '../model/peers-state.ts';
import { provesUnloaded, type RunningPeers, sameAsRunning } from './running.ts';

/** How long a worker is given to show a reload, and how often it is looked at. */
const settleMs = 3_000;
const settleStepMs = 250;

/** What the running worker has, of what the Data Plane API says that it has loaded. */
export interface Loaded {
  /** Whether the worker has all of `section`; `undefined` when it cannot be asked. */
  readonly has: (section: PeersSection, signal: AbortSignal) => Promise<boolean | undefined>;
  /** Whether the worker goes on without `changes`, for as long as a reload may take to show. */
  readonly lacks: (changes: PeersChanges, signal: AbortSignal) => Promise<boolean>;
}

export function createLoaded(ask: RunningPeers | undefined): Loaded {
  /** The last answer of `holds` that was not the wanted one, or that. */
  async function settled<T>(
    holds: (running: readonly PeerState[] | undefined) => T,
    wanted: T,
    signal: AbortSignal,
  ): Promise<T> {
    for (let waited = 0; ; waited += settleStepMs) {
      const found = holds(await ask?.(signal));
      if (found === wanted || ask === undefined || waited >= settleMs) return found;
      await sleep(settleStepMs, signal);
    }
  }

  return {
    has: (section, signal) =>
      settled(
        (running) => (running === undefined ? undefined : sameAsRunning(section, running)),
        true,
        signal,
      ),
    lacks: (changes, signal) =>
      settled(
        (running) => running !== undefined && provesUnloaded(changes, running),
        false,
        signal,
      ),
  };
}
