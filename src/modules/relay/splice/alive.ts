import { everySecond, startTimer } from '../../../clock.ts';

/**
 * HAProxy gives a session up that it has heard nothing on for 5 s, and where its own attempt on this slot has ended within the first
 * moments of the session, what it heard before does not count (peer_session_release, haproxy src/peers.c). The first heartbeat of the other one
 * comes after 3 to 5 s, so it gets one from here in between.
 */
const firstBeatMs = 2000;
/** Counted in whole looks, a second apart, the one in which something was said not among them: 3 s, once 4.5 where the date is set. */
const beatAfterMs = 1800;
/** HAProxy says something every 3 s (PEER_HEARTBEAT_TIMEOUT), and it would itself end a session of such a silence after 5 s. */
const silentMs = 6000;
/** Most of a look that counts as silence of HAProxy: who stood still itself could not hear. */
const lookMs = 1600;

export interface AliveOptions {
  /**
   * The other sidecar does this for its HAProxy as well, so that no heartbeat has to cross the link: both HAProxies get theirs from their
   * own sidecar, whose pings prove the link. Else the heartbeats of the other HAProxy are passed on, and only the first one comes from here.
   */
  readonly beats: boolean;
  /** Sends HAProxy a heartbeat, unless it is in the middle of a message. */
  beat(): void;
  /** What HAProxy says is read; else its silence means nothing. */
  reads(): boolean;
  /** HAProxy has said nothing for 6 s: it stands still, which the other one cannot notice. */
  silent(): void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface Alive {
  /** Something was written to HAProxy. */
  told(): void;
  /** HAProxy has said something. */
  heard(): void;
  stop(): void;
}

/** Keeps a session alive that nobody has anything to say in, and ends one whose HAProxy says nothing. */
export function keepAlive({ beats, beat, reads, silent, now }: AliveOptions): Alive {
  let toldMs = 0;
  let heardMs = 0;
  let hasTold = false;
  let hasHeard = false;
  let lookedAtMs = now();
  const stopFirst = startTimer(beat, firstBeatMs);

  function look(): void {
    const nowMs = now();
    const passedMs = nowMs - lookedAtMs;
    lookedAtMs = nowMs;
    toldMs = hasTold ? 0 : toldMs + passedMs;
    heardMs = hasHeard || !reads() ? 0 : heardMs + Math.min(passedMs, lookMs);
    hasTold = false;
    hasHeard = false;
    if (heardMs >= silentMs) silent();
    else if (toldMs >= beatAfterMs) beat();
  }

  const stopLooks = beats ? everySecond(look) : () => {};
  return {
    told() {
      hasTold = true;
    },
    heard() {
      hasHeard = true;
    },
    stop() {
      stopFirst();
      stopLooks();
    },
  };
}
