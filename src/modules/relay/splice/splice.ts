import { monotonicNow, startTimer } from '../../../clock.ts';
import type { ByteStream } from '../legs/byte-stream.ts';
import type { Leg } from '../legs/open-leg.ts';
import { heartbeat } from '../wire/messages.ts';
import { countUpdates } from '../wire/update-counter.ts';
import { keepAlive } from './alive.ts';
import { rest } from './rest.ts';

/** `in`: to HAProxy of this pod; `out`: from it. */
export interface BothWays {
  readonly in: number;
  readonly out: number;
}

export interface Splice {
  readonly bytes: BothWays;
  /** Entries of stick tables, those that were sent more than once too. */
  readonly updates: BothWays;
  /** Why it has ended: the leg is closed then. Never rejects. */
  readonly ended: Promise<string>;
  /** Closes the leg, which is in the middle of a session, and leaves the link as it was. */
  stop(): void;
}

export interface SpliceOptions {
  /** How long nothing is read after a small chunk: what HAProxy writes meanwhile is then read at once. */
  readonly restMs?: number | undefined;
  /** As `AliveOptions.beats`; missing: no. */
  readonly beats?: boolean | undefined;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/**
 * What an update may wait. A waking costs the same for one update as for fifty (`npm run bench -- relay`), so it is as long as
 * the delay of all stays below 5 ms; a timer may be a millisecond late.
 */
export const restDefaultMs = 3;

/**
 * What a confirmation may wait. HAProxy confirms each time something came, and the other one only learns from it what it need
 * not send again after a break. Passed on at once they cost both relays 6 to 14 % (`npm run bench -- relay --part live`).
 */
const ackRestMs = 25;

/** A chunk of this size costs more for its bytes than for being one. */
const enough = 16 * 1024;

/**
 * What HAProxy writes goes to the link, and what comes from there goes to HAProxy. HAProxy sends each update as it happens, so after
 * a small chunk the leg rests for a moment: the first update goes out at once, and those that follow it go out together.
 * Whoever cannot take more holds up the other, and no more than a few kilobytes are kept here.
 *
 * What comes without an update in it, confirmations, is written when the leg has been read, so a HAProxy that has closed meanwhile is
 * mostly noticed by reading. Where a write comes first, it fails, and the leg still reads what HAProxy wrote last (`legs/leg-socket.ts`).
 */
export function splice(
  leg: Leg,
  link: ByteStream,
  { restMs = restDefaultMs, beats = false, now = monotonicNow }: SpliceOptions = {},
): Splice {
  const toLink = countUpdates();
  const toHaproxy = countUpdates();
  const bytes = { in: 0, out: 0 };
  let stopped = false;
  let resting = false;
  let reads = true;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let acks: Buffer[] = [];
  let ackBytes = 0;
  let stopAcks = () => {};

  function put(chunk: Buffer): void {
    alive.told();
    if (!leg.write(chunk)) link.pause();
  }
  function release(): void {
    const chunks = held;
    held = [];
    heldBytes = 0;
    for (const chunk of chunks) if (!stopped) put(chunk);
  }
  function readOn(): void {
    resting = false;
    if (stopped) return;
    reads = true;
    leg.resume();
    // Where nothing was to be read they wait for the next moment.
    if (held.length > 0) rest(release, restMs);
  }

  function pauseLeg(): void {
    reads = false;
    leg.pause();
  }
  function toOther(chunk: Buffer): boolean {
    stopAcks();
    const all = acks.length === 0 ? chunk : Buffer.concat([...acks, chunk]);
    acks = [];
    ackBytes = 0;
    return link.write(all);
  }
  function sendAcks(): void {
    if (!stopped && !toOther(Buffer.alloc(0))) pauseLeg();
  }
  /** Puts the chunk aside, which is made of confirmations, unless they are many. */
  function keepsAcks(chunk: Buffer): boolean {
    if (ackBytes + chunk.length > enough) return false;
    if (acks.length === 0) stopAcks = startTimer(sendAcks, ackRestMs);
    acks.push(chunk);
    ackBytes += chunk.length;
    return true;
  }

  const alive = keepAlive({
    ...{ beats, now },
    beat() {
      // Where a message is on its way, HAProxy hears something anyway.
      if (!stopped && !toHaproxy.within && !toHaproxy.broken && held.length === 0) put(heartbeat);
    },
    reads: () => reads,
    silent() {
      end();
      leg.close('HAProxy has said nothing for 6 s');
    },
  });

  link.onDrain(readOn);
  leg.onDrain(() => {
    if (!stopped) link.resume();
  });
  link.onData((chunk) => {
    if (stopped) return;
    bytes.in += chunk.length;
    const before = toHaproxy.updates;
    toHaproxy.take(chunk);
    if (resting && toHaproxy.updates === before && heldBytes + chunk.length <= enough) {
      // A copy: the chunk is a part of something larger perhaps.
      held.push(Buffer.from(chunk));
      heldBytes += chunk.length;
      return;
    }
    release();
    put(chunk);
  });
  leg.onData((chunk) => {
    if (stopped) return;
    alive.heard();
    if (beats && !toLink.within && !toLink.broken && chunk.equals(heartbeat)) return;
    bytes.out += chunk.length;
    const { updates, others, within } = toLink;
    toLink.take(chunk);
    const isCut = within || toLink.within || toLink.broken;
    const hasUpdates = isCut || toLink.updates > updates;
    const isAcks = !hasUpdates && toLink.others === others;
    if (!(isAcks && keepsAcks(chunk)) && !toOther(chunk)) pauseLeg();
    // Heartbeats and confirmations are followed by nothing: to rest then would be two more wakings for each chunk that HAProxy takes.
    else if (chunk.length < enough && hasUpdates) {
      release();
      resting = true;
      pauseLeg();
      rest(readOn, restMs);
    }
  });

  function end(): void {
    if (stopped) return;
    stopped = true;
    stopAcks();
    alive.stop();
    link.resume();
  }

  return {
    bytes,
    updates: {
      get in() {
        return toHaproxy.updates;
      },
      get out() {
        return toLink.updates;
      },
    },
    ended: leg.closed.then((why) => {
      end();
      return why;
    }),
    stop() {
      end();
      leg.close();
    },
  };
}
