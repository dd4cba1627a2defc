import type { Ledger } from '../store/ledger.ts';
import { completeMessage, type Mark } from './messages.ts';
import { createScan, knownOf, marksOf, type Scan } from './scan.ts';

export interface TellingOptions {
  readonly ledger: Ledger;
  readonly now: () => number;
  /** Undefined: all runs. */
  readonly wants: ((run: number) => boolean) | undefined;
  /** False: no more should follow until `drained`. */
  readonly write: (message: Buffer) => boolean;
}

/** What the other side is told. */
export interface Telling {
  /** It holds these, and asks for all that is newer. */
  asked(marks: readonly Mark[]): void;
  /** It has lacked something for some time. */
  lacks(marks: readonly Mark[]): void;
  /** Own parts of the next flush. */
  flushed(parts: readonly Buffer[], mark: Mark): void;
  /** Goes on with what it lacks. True: there is more that can be sent at once. */
  step(): boolean;
  /** It takes more again. */
  drained(): void;
}

/**
 * Own parts are told as they are flushed. While the other side takes no more, nothing waits for it: what has changed by then is looked for when it takes more
 * again, as is what it lacks when it comes.
 */
export function createTelling({ ledger, now, wants = () => true, write }: TellingOptions): Telling {
  let isFull = false;
  let isAsked = false;
  let scan: Scan | null = null;
  /** What the other side holds when the scan is over. */
  let claims: readonly Mark[] = [];
  /** Of the own parts, all up to this flush have been sent. */
  let told: Mark | null = null;
  /** The first flush that was not sent since the last one that was. */
  let missed: Mark | null = null;
  /** What it said it holds. */
  let held: readonly Mark[] = [];

  function send(message: Buffer): void {
    if (!write(message)) isFull = true;
  }

  function ownMark(): readonly Mark[] {
    return marksOf(ledger).filter(isCurrent);
  }

  function lookForAll(marks: readonly Mark[]): void {
    missed = null;
    claims = marksOf(ledger);
    scan = createScan(ledger, { known: knownOf(ledger, marks), wants });
  }

  function isCurrent(mark: Mark): boolean {
    const { own } = ledger;
    return mark.origin === own?.origin && mark.generation === own.generation;
  }

  function lookForMissed(): void {
    // In an earlier session: that is not among what is own now.
    if (missed === null || !isCurrent(missed) || (told !== null && !isCurrent(told))) {
      lookForAll(told === null ? held : [...held, told]);
      return;
    }
    missed = null;
    claims = ownMark();
    const known = knownOf(ledger, told === null ? [] : [told]);
    scan = createScan(ledger, { known, wants: (run) => run === ledger.own?.run });
  }

  /** All that a scan has found is sent: and so is each flush since it began, unless one was missed. */
  function finish(): void {
    scan = null;
    const latest = missed !== null ? [] : ownMark();
    told = latest[0] ?? claims.find(isCurrent) ?? null;
    send(completeMessage([...claims, ...latest]));
  }

  return {
    asked(marks) {
      isAsked = true;
      held = marks;
      lookForAll(marks);
    },
    lacks(marks) {
      // Until it has asked, flushes are not told, so that nothing could be said to be complete.
      if (isAsked && scan === null) lookForAll(marks);
    },
    flushed(parts, mark) {
      if (!isAsked) return;
      if (isFull || missed !== null) {
        missed ??= mark;
        return;
      }
      for (const part of parts) send(part);
      if (scan !== null) return;
      told = mark;
      send(completeMessage([mark]));
    },
    step() {
      if (isFull) return false;
      if (scan === null && missed !== null) lookForMissed();
      if (scan === null) return false;
      const message = scan.next(now());
      if (message === null) finish();
      else if (message !== 'nothing') send(message);
      return (scan !== null || missed !== null) && !isFull;
    },
    drained() {
      isFull = false;
    },
  };
}
