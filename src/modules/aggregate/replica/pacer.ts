import { monotonicNow, startTimer } from '../../../clock.ts';

export interface Pacer {
  /** Something is to be done. */
  soon(): void;
  stop(): void;
}

/** Acts at once where it has not for `everyMs`, and else when that is over. `act`: true where there is more to do, which is not paced. */
export function createPacer(act: () => boolean, everyMs: number): Pacer {
  let lastMs = Number.NEGATIVE_INFINITY;
  let isDue = false;
  let isOver = false;
  let stopTimer = () => {};

  function run(): void {
    isDue = false;
    if (isOver) return;
    lastMs = monotonicNow();
    if (act()) again();
  }
  function again(): void {
    isDue = true;
    setImmediate(run);
  }
  return {
    soon() {
      if (isDue || isOver) return;
      const waitMs = lastMs + everyMs - monotonicNow();
      if (waitMs <= 0) again();
      else {
        isDue = true;
        stopTimer = startTimer(run, waitMs);
      }
    },
    stop() {
      isOver = true;
      stopTimer();
    },
  };
}
