/** Since when the set has been whole, as far as this pod can tell. */
export interface Whole {
  /** For how long no link has ended and no other worker of HAProxy has come, in milliseconds. */
  ms(): number;
  /** One of the two has happened. Tells all who asked for it. */
  broken(): void;
  /** `act` at each `broken`; call what it returns to end it. */
  onBroken(act: () => void): () => void;
}

/** `now`: milliseconds, monotonic. What was before this program is not known. */
export function createWhole(now: () => number): Whole {
  let sinceMs = now();
  const told = new Set<() => void>();
  return {
    ms: () => now() - sinceMs,
    broken() {
      sinceMs = now();
      for (const act of [...told]) act();
    },
    onBroken(act) {
      told.add(act);
      return () => void told.delete(act);
    },
  };
}
