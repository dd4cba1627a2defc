/** What happened since the start. The keys are the codes of the reasons. */
export interface LinkCounters {
  /** Links that are up. */
  up: number;
  /** Links that came to be. */
  linked: number;
  dials: number;
  readonly failedDials: Record<string, number>;
  /** Why links ended. */
  readonly ended: Record<string, number>;
  /** Connections that were accepted on the port. */
  accepted: number;
  /** Connections that were closed before their greeting was heard: too many, too slow, no key, no greeting. */
  readonly strangers: Record<string, number>;
  /** Greetings that were not accepted. */
  readonly refused: Record<string, number>;
}

export function createCounters(): LinkCounters {
  return {
    up: 0,
    linked: 0,
    dials: 0,
    accepted: 0,
    failedDials: {},
    ended: {},
    strangers: {},
    refused: {},
  };
}

export function count(counts: Record<string, number>, code: string): void {
  counts[code] = (counts[code] ?? 0) + 1;
}
