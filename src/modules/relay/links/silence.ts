/** Pings come every second, up to 1.5 s apart where other bytes have come in between. */
const doubtfulMs = 1600;
/** Found by a look every `doubtPaceMs`, so within 3 s. */
const silentMs = 2700;
/** How often to look where it is doubtful, in milliseconds. */
export const doubtPaceMs = 250;
/** Longest time between two looks, in milliseconds, if this process does not stand still. */
const paceMs = 1600;

export interface Silence {
  /** Something has come, or nothing can be heard now. */
  heard(): void;
  /** At least every 1.5 s. `doubtful`: look again after `doubtPaceMs`. */
  look(): 'fine' | 'doubtful' | 'silent';
}

/** Whether the other side is silent. Who stood still itself could not hear, and judges nobody by that time. */
export function createSilence(now: () => number): Silence {
  let heardAtMs = now();
  let lookedAtMs = now();
  return {
    heard() {
      heardAtMs = now();
    },
    look() {
      const nowMs = now();
      heardAtMs += Math.max(0, nowMs - lookedAtMs - paceMs);
      lookedAtMs = nowMs;
      const ms = nowMs - heardAtMs;
      if (ms < doubtfulMs) return 'fine';
      return ms < silentMs ? 'doubtful' : 'silent';
    },
  };
}
