import { startTimer } from '../clock.ts';
import type { Leg } from '../modules/relay/legs/open-leg.ts';
import { type Frame, frames, isBroken } from '../modules/relay/wire/frames.ts';
import type { LessonFailure } from './chunk.ts';

/** Whole messages as they were read at one time. */
export interface Heard {
  readonly bytes: Buffer;
  readonly found: readonly Frame[];
}

/** Reads a leg piece by piece: HAProxy waits while nobody asks for the next one. */
export interface Hearing {
  /** Failures stay: who asks again gets the same. Never rejects. */
  next(silentMs: number): Promise<Heard | LessonFailure>;
}

export function isFailure(heard: object): heard is LessonFailure {
  return 'why' in heard;
}

export function hear(leg: Leg, signal: AbortSignal): Hearing {
  let rest: Buffer = Buffer.alloc(0);
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

  return {
    async next(silentMs) {
      for (;;) {
        const came = await something(silentMs);
        if (!came) fail('silent', `HAProxy has sent nothing for ${silentMs} ms`);
        // What was read before it closed still counts.
        if (queue.length === 0 && failure !== null) return failure;
        const bytes = Buffer.concat([rest, ...queue]);
        queue = [];
        const found = [...frames(bytes)];
        rest = bytes.subarray(found.at(-1)?.end ?? 0);
        if (isBroken(rest)) {
          fail('broken', 'HAProxy says what is no message of a peer');
          rest = Buffer.alloc(0);
        }
        if (found.length > 0) return { bytes, found };
      }
    },
  };
}
