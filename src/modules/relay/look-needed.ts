/** The worker before may still answer for so long after its last session has ended, in milliseconds. */
const unsettledMs = 10_000;

export interface LookNeeded {
  /** A session has begun or ended. */
  changed(): void;
  /** Resolves when it is needed, at once where it is so already, or when the signal aborts. */
  until(signal: AbortSignal): Promise<void>;
}

/**
 * Whether HAProxy is to be asked who runs. Its sessions end with its worker, so as long as there is one it is not asked: to ask costs as
 * much as all heartbeats. `paired`: there is a session. `now`: milliseconds, monotonic.
 */
export function createLookNeeded(paired: () => boolean, now: () => number): LookNeeded {
  let changedAtMs = now();
  let wake = () => {};
  const isNeeded = () => !paired() || now() - changedAtMs < unsettledMs;
  return {
    changed() {
      changedAtMs = now();
      wake();
    },
    until: (signal) =>
      new Promise((resolve) => {
        if (isNeeded() || signal.aborted) return resolve();
        function finish(): void {
          wake = () => {};
          signal.removeEventListener('abort', finish);
          resolve();
        }
        wake = finish;
        signal.addEventListener('abort', finish, { once: true });
      }),
  };
}
