import { startTimer } from '../clock.ts';
import type { Leg } from '../modules/relay/legs/open-leg.ts';
import { isBroken, wholeBytes } from '../modules/relay/wire/frames.ts';
import type { LessonFailure } from './chunk.ts';

/** Whole messages as they were read at one time, one at least. Good until the next ones are asked for. */
export interface Heard {
  readonly bytes: Buffer;
}

/** Reads a leg piece by piece: HAProxy waits while nobody asks for the next one. */
export interface Hearing {
  /** Failures stay: who asks again gets the same. Never rejects. */
  next(silentMs: number): Promise<Heard | LessonFailure>;
}

/** As much as is read at once, and a message that has begun. */
const workBytes = 128 * 1024;

export function isFailure(heard: object): heard is LessonFailure {
  return 'why' in heard;
}

export function hear(leg: Leg, signal: AbortSignal): Hearing {
  // Read into again and again: what a large lesson would leave behind otherwise is cleared away late, 40 MiB of it at times.
  let work: Buffer = Buffer.allocUnsafeSlow(workBytes);
  /** Of a message whose end has still to come. */
  let rest: Buffer = work.subarray(0, 0);
  let failure: LessonFailure | null = null;
  let queue: Buffer[] = [];
  let wake: () => void = () => {};

  function fail(kind: LessonFailure['kind'], why: string): void {
    failure ??= { kind, why };
    wake();
  }
  leg.onData((chunk) => {
    leg.pause();
    queue.push(chunk);
    wake();
  });
  void leg.closed.then((why) => fail('closed', why));
  if (signal.aborted) fail('stopped', 'stopped');
  else signal.addEventListener('abort', () => fail('stopped', 'stopped'), { once: true });

  /** False: it took too long. */
  function something(silentMs: number): Promise<boolean> {
    if (queue.length > 0 || failure !== null) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stopTimer = startTimer(() => resolve(false), silentMs);
      wake = () => {
        stopTimer();
        resolve(true);
      };
      leg.resume();
    });
  }

  function together(): Buffer {
    const length = queue.reduce((sum, chunk) => sum + chunk.length, rest.length);
    const into = length <= work.length ? work : Buffer.allocUnsafeSlow(2 * length);
    // A part of the same memory perhaps: set() does that right.
    into.set(rest);
    let at = rest.length;
    for (const chunk of queue) {
      into.set(chunk, at);
      at += chunk.length;
    }
    queue = [];
    work = into;
    return into.subarray(0, length);
  }

  return {
    async next(silentMs) {
      for (;;) {
        const came = await something(silentMs);
        if (!came) fail('silent', `HAProxy has sent nothing for ${silentMs} ms`);
        // What was read before it closed still counts.
        if (queue.length === 0 && failure !== null) return failure;
        const bytes = together();
        const whole = wholeBytes(bytes);
        rest = bytes.subarray(whole);
        if (isBroken(rest)) {
          fail('broken', 'HAProxy says what is no message of a peer');
          rest = work.subarray(0, 0);
        }
        if (whole > 0) return { bytes: bytes.subarray(0, whole) };
      }
    },
  };
}
