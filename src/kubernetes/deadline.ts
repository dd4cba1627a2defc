import { startTimer } from '../clock.ts';
import { RemoteError } from '../errors.ts';

/** A signal that aborts with the parent or when time is up, whichever is first. Always `clear()` it. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Time is up in `ms` from now, instead of when it was. */
  extend(ms: number): void;
  clear(): void;
}

/** `action` is what the API server is to do, e.g. `list pods`. AbortSignal.any and AbortSignal.timeout can neither be extended nor let go of a parent that lives for months. */
export function startDeadline(parent: AbortSignal, ms: number, action: string): Deadline {
  const controller = new AbortController();
  function stop(): void {
    controller.abort(parent.reason);
  }
  function arm(time: number): () => void {
    return startTimer(() => {
      const message = `The API server did not answer within ${time} ms to ${action}`;
      controller.abort(
        new RemoteError('KUBERNETES_UNREACHABLE', message, {
          retryable: true,
          stage: action.split(' ')[0] ?? action,
        }),
      );
    }, time);
  }
  let disarm = arm(ms);
  if (parent.aborted) stop();
  else parent.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    extend(time) {
      disarm();
      disarm = arm(time);
    },
    clear() {
      disarm();
      parent.removeEventListener('abort', stop);
    },
  };
}
