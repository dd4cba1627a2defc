/** Time that passes only when somebody sleeps: for code whose subject is time. Milliseconds. */
export interface VirtualClock {
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export function virtualClock(
  onTick: (nowMs: number) => void = () => {},
  startMs = 0,
): VirtualClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    async sleep(ms, signal) {
      nowMs += ms;
      onTick(nowMs);
      await Promise.resolve();
      signal?.throwIfAborted();
    },
  };
}
