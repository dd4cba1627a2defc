/** A lesson that the own HAProxy takes part in, as pupil or as teacher. */
export interface Seat {
  /** The other pod. */
  readonly uid: string;
  /** As a pupil who has asked, and was not answered yet. */
  asking: boolean;
  /** Ends the asking. */
  readonly yield: () => void;
}

/** Lessons use one slot of HAProxy, and its time: there is one at a time. */
export interface Desk {
  /** False: another lesson is given. */
  take(seat: Seat): boolean;
  /** Who has it; null: nobody. */
  holder(): Seat | null;
  free(seat: Seat): void;
  /** `begin` as soon as it is free. */
  queue(begin: () => void): void;
  leave(begin: () => void): void;
  /** Whoever has it asks this pod, and is not answered yet: it gives up. */
  yieldTo(uid: string): void;
}

export function createDesk(): Desk {
  let taken: Seat | null = null;
  const queue = new Set<() => void>();

  function free(seat: Seat): void {
    if (taken !== seat) return;
    taken = null;
    // One that has nothing to do any more does not take it.
    for (const next of [...queue]) {
      if (taken !== null) return;
      queue.delete(next);
      next();
    }
  }
  return {
    take(seat) {
      if (taken !== null) return false;
      taken = seat;
      return true;
    },
    holder: () => taken,
    free,
    queue: (begin) => void queue.add(begin),
    leave: (begin) => void queue.delete(begin),
    yieldTo(uid) {
      if (taken?.uid !== uid || !taken.asking) return;
      taken.yield();
      taken = null;
    },
  };
}

/**
 * Does it while no other lesson is given: as soon as that is so. When the signal aborts it is not waited for: `act` is to see that,
 * and to end.
 */
export function alone<T>(desk: Desk, act: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const seat: Seat = { uid: '', asking: false, yield() {} };
  return new Promise((resolve, reject) => {
    function aborted(): void {
      desk.leave(begin);
      act().then(resolve, reject);
    }
    function begin(): void {
      if (!signal.aborted && !desk.take(seat)) return void desk.queue(begin);
      signal.removeEventListener('abort', aborted);
      void act()
        .finally(() => desk.free(seat))
        .then(resolve, reject);
    }
    signal.addEventListener('abort', aborted, { once: true });
    begin();
  });
}
