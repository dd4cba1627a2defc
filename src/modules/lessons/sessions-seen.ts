import type { Observed } from '../../model/observed.ts';

/** The sessions of the own HAProxy with one peer, as `show peers` has shown them. */
export interface SessionSeen {
  /** The last one is there. */
  readonly established: boolean;
  /** When it began, to a second: milliseconds, monotonic. */
  readonly sinceMs: number;
  /** How many there have been. */
  readonly count: number;
}

export type SessionsSeen = ReadonlyMap<string, SessionSeen>;

/** HAProxy shows the age of a session in whole seconds, and the answer takes its time. */
const vagueMs = 2000;

/** After one more look. One that fails tells nothing. Peers that are gone are forgotten. */
export function seeSessions(before: SessionsSeen, observed: Observed, nowMs: number): SessionsSeen {
  if (observed.kind === 'down' || observed.state === null) return before;
  const remote = observed.state.peers.filter(({ local }) => !local);
  return new Map(
    remote.flatMap(
      ({ name, established, sessionSeconds = 0 }): readonly [string, SessionSeen][] => {
        const known = before.get(name);
        if (!established)
          return known === undefined ? [] : [[name, { ...known, established: false }]];
        const sinceMs = nowMs - sessionSeconds * 1000;
        const isSame = known?.established === true && sinceMs <= known.sinceMs + vagueMs;
        const count = (known?.count ?? 0) + (isSame ? 0 : 1);
        return [[name, { established, sinceMs: isSame ? known.sinceMs : sinceMs, count }]];
      },
    ),
  );
}

/** A session that is younger may be closed again: of two that meet HAProxy keeps one. */
const settledMs = 2000;

/** Whether the session has lasted for a while. */
export function isSettled(seen: SessionSeen | undefined, nowMs: number): boolean {
  return seen?.established === true && nowMs - seen.sinceMs >= settledMs;
}
