import { startTimer } from '../../../clock.ts';
import { type Frame, frames, isBroken } from '../wire/frames.ts';
import type { Leg } from './open-leg.ts';

/** What a conversation came to, or why it ended before: HAProxy closed it, it broke off, it took too long, or was stopped. */
export type Conversation<T> =
  | { readonly kind: 'heard'; readonly value: T }
  | { readonly kind: 'closed' | 'broken' | 'late' | 'stopped'; readonly why: string };

export interface ConverseOptions<T> {
  /** Each message of HAProxy, and what it was found in; what it returns, unless undefined, ends the conversation. */
  readonly hear: (frame: Frame, bytes: Buffer) => T | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Listens to a leg that nobody else uses until something is heard, it is closed, or `timeoutMs` is over, whatever it says
 * meanwhile. The leg is open afterwards, and stays for the caller to close.
 */
export function converse<T>(
  leg: Leg,
  { hear, timeoutMs, signal }: ConverseOptions<T>,
): Promise<Conversation<T>> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ kind: 'stopped', why: 'stopped' });
    let bytes: Buffer = Buffer.alloc(0);
    let over = false;

    function finish(result: Conversation<T>): void {
      over = true;
      bytes = Buffer.alloc(0);
      stopTimer();
      signal.removeEventListener('abort', aborted);
      resolve(result);
    }
    function aborted(): void {
      finish({ kind: 'stopped', why: 'stopped' });
    }

    const stopTimer = startTimer(
      () => finish({ kind: 'late', why: `HAProxy has not answered within ${timeoutMs} ms` }),
      timeoutMs,
    );
    signal.addEventListener('abort', aborted, { once: true });
    void leg.ended.then(({ why, code }) =>
      finish({ kind: code === undefined ? 'closed' : 'broken', why }),
    );
    leg.onData((chunk) => {
      if (over) return;
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      let used = 0;
      for (const frame of frames(bytes)) {
        used = frame.end;
        const value = hear(frame, bytes);
        if (value !== undefined) return finish({ kind: 'heard', value });
      }
      bytes = bytes.subarray(used);
      if (isBroken(bytes))
        finish({ kind: 'broken', why: 'HAProxy says what is no message of a peer' });
    });
  });
}
