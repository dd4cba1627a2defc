import type { View } from './pairing/view.ts';

/** Longer ago than anybody asks for. */
const longAgoMs = 1e12;

/**
 * For how long our HAProxy has held all that there was to learn when it started, in milliseconds. One that was there before this program, or
 * that took over from an earlier worker, counts as one that has held it for long.
 */
export function createSettled(now: () => number) {
  let worker: string | null = null;
  let hasSeenItLearn = false;
  let learnedAtMs: number | null = null;
  let isFresh = false;
  return {
    look(view: View | null): void {
      if (view === null) return;
      if (view.worker !== worker) {
        worker = view.worker;
        hasSeenItLearn = false;
        learnedAtMs = null;
      }
      isFresh = view.fresh;
      if (!view.learned) hasSeenItLearn = true;
      else if (hasSeenItLearn) learnedAtMs ??= now();
    },
    ms: () => (isFresh && learnedAtMs !== null ? now() - learnedAtMs : longAgoMs),
  };
}
