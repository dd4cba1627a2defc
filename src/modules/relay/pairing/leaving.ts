import { startTimer } from '../../../clock.ts';
import type { View } from './view.ts';

/** For what a worker that ends has written last, in milliseconds: it closes its sessions as soon as it has. */
const lastWordsMs = 500;

/**
 * Another worker is seen over one leg or the admin socket, while on another leg what the one before has written last is still to be
 * read. To end that session at once would lose it: nobody sends it again.
 */
export interface Leaving {
  /** Our HAProxy is this one now; another view takes its place. */
  wait(view: View | null): void;
  readonly waits: () => boolean;
  /** The session has ended: it is not waited for any more. */
  over(): void;
  /** It is the same worker after all, or nothing matters any more. */
  drop(): void;
}

/** `left`: the time has come for the view. */
export function createLeaving(left: (view: View | null) => void): Leaving {
  let waiting: { view: View | null; readonly stopTimer: () => void } | null = null;
  function drop(): void {
    waiting?.stopTimer();
    waiting = null;
  }
  function over(): void {
    if (waiting === null) return;
    const { view } = waiting;
    drop();
    left(view);
  }
  return {
    wait(view) {
      if (waiting === null) waiting = { view, stopTimer: startTimer(over, lastWordsMs) };
      else waiting.view = view;
    },
    waits: () => waiting !== null,
    over,
    drop,
  };
}
