import type { Ledger } from '../../../aggregate/store/ledger.ts';
import { repeat, startTimer } from '../../../clock.ts';
import { type Leg, type LegOptions, openLeg } from '../../relay/legs/open-leg.ts';
import { heartbeat, resyncFinished } from '../../relay/wire/messages.ts';
import { createListener } from './listener.ts';
import { createSums } from './sums.ts';
import { createTables, type Suffixes } from './tables.ts';

export interface SessionOptions extends LegOptions {
  readonly ledger: Ledger;
  readonly suffixes: Suffixes;
  /** The present tick. */
  readonly now: () => number;
  /** Sums may be told: what the replicas hold is there, or was waited for long enough. */
  readonly mayTell: () => boolean;
  /** Something was heard: sums are to be told, and own parts. */
  readonly changed: () => void;
  /** Since when the session is up: its lesson is over and in its place. */
  readonly settled?: () => void;
}

export interface Session {
  /** Tells sums that are to be told, until there are none, or HAProxy takes no more for now. True: there is other work that nothing will call for. */
  tell(): boolean;
  /** Why it has ended. Never rejects. */
  readonly ended: Promise<string>;
  close(why: string): void;
}

/** HAProxy closes a session that says nothing for 5 s (PEER_RECONNECT_TIMEOUT). */
const heartbeatMs = 1000;
/** Rows of each table that are looked at in one go. */
const stepRows = 2000;
/** HAProxy has not finished its own resync: it is asked again. */
const askAgainMs = 50;

/** Connects to the own HAProxy and begins with a lesson. A text: why it could not. Never throws. */
export async function openSession(options: SessionOptions): Promise<Session | string> {
  const opened = await openLeg(options);
  return opened.kind === 'up' ? begin(opened.leg, options) : opened.why;
}

function begin(
  leg: Leg,
  { ledger, suffixes, now, mayTell, changed, settled }: SessionOptions,
): Session {
  const tables = createTables(ledger, suffixes);
  const sums = createSums(ledger);
  let why: string | null = null;
  let isOpen = true;
  let isFull = false;
  let isSettled = false;
  let stopAsking = () => {};

  function close(reason: string): void {
    why ??= reason;
    leg.close();
  }
  const listener = createListener({
    ...{ leg, ledger, tables, now, changed, close },
    turnedAway: () => sums.turnedAway(),
    askAgain() {
      stopAsking = startTimer(() => listener.ask(), askAgainMs);
    },
  });

  /** What a lesson has left to do goes before all sums: half of it would be told. */
  function step(): boolean {
    if (!listener.end()) return false;
    const isDone = ledger.step(stepRows, now());
    if (!isDone || isSettled || !ledger.isSettled) return isDone;
    isSettled = true;
    settled?.();
    return true;
  }

  function tell(): boolean {
    if (!isOpen || isFull) return false;
    if (ledger.conflict) close('another sidecar has spoken for this HAProxy, or did later');
    const isDone = step();
    // Who asks for a lesson gets what there is: it would wait for 5 s.
    // Nor is one that still learns without sums for that long, where those of before are known.
    const isWhole = (ledger.isSettled || listener.isPartial) && mayTell();
    const isAllowed = listener.isAsked ? listener.hasHeardAll : isWhole;
    if (!isAllowed) return !isDone;
    const bytes = sums.next(tables.targets(), now());
    if (bytes === null) {
      if (listener.isAsked) {
        listener.answered();
        leg.write(resyncFinished);
      }
      return !isDone;
    }
    isFull = !leg.write(bytes);
    if (!isFull) setImmediate(tell);
    return false;
  }

  leg.onDrain(() => {
    isFull = false;
    tell();
  });
  const stopBeating = repeat(() => {
    leg.write(Buffer.concat([heartbeat, listener.confirmations()]));
  }, heartbeatMs);
  for (const { store } of ledger.tables.values()) store.markAll();
  const ended = leg.closed.then((text) => {
    isOpen = false;
    stopBeating();
    stopAsking();
    return why ?? text;
  });
  return { tell, ended, close };
}
