import { stat } from 'node:fs/promises';
import { sleep } from '../../../clock.ts';

/**
 * Notices that haproxy.cfg was written: a failed reload makes the Data Plane API restore an older file, and no worker changes
 * (dataplaneapi reload_agent.go).
 */
export interface FileWatch {
  /** True once for each write since it was asked last; the first time, too. */
  outdated(): boolean;
  /** Until `signal` aborts. Never throws. */
  watch(poke: () => void, signal: AbortSignal): Promise<void>;
}

/** Time between two looks, in milliseconds. One costs a system call. */
const lookMs = 500;

/** Null: there is none, or it cannot be seen from here. */
async function stampOf(path: string): Promise<string | null> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino}-${mtimeNs}-${size}`;
  } catch {
    return null;
  }
}

export function watchFile(path: string, intervalMs = lookMs): FileWatch {
  let isOutdated = true;
  let seen: string | null = null;

  return {
    outdated() {
      const was = isOutdated;
      isOutdated = false;
      return was;
    },
    async watch(poke, signal) {
      while (!signal.aborted) {
        const now = await stampOf(path);
        if (now !== null && now !== seen) {
          seen = now;
          isOutdated = true;
          poke();
        }
        await sleep(intervalMs, signal).catch(() => undefined);
      }
    },
  };
}
