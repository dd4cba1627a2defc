export interface Age {
  /** Taken off what entries have left, in milliseconds; never negative. */
  readonly ms: number;
  /** What is to be said of it; null: nothing. */
  readonly note: string | null;
}

/** How old is what was recorded at `takenAtMs`, by the date, the only clock that goes on between two lives of a node? */
export function ageOf(takenAtMs: number, wallNowMs: number): Age {
  const ms = wallNowMs - takenAtMs;
  if (ms >= 0) return { ms, note: null };
  const seconds = Math.ceil(-ms / 1000);
  return {
    ms: 0,
    note: `the snapshot is from ${seconds} s in the future: a clock was set back, so its entries count as new and live longer than they should`,
  };
}
