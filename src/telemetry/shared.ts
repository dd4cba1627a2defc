import { monotonicNow } from '../clock.ts';

/**
 * One answer for all requests while it is computed, and for `freshMs` after that, so a hundred requests at the same
 * moment cost as much as one. A failure is passed to the waiting requests, and the next request tries again.
 */
export function shared<T>(
  make: () => Promise<T>,
  freshMs: number,
  now: () => number = monotonicNow,
): () => Promise<T> {
  let last: { readonly answer: Promise<T>; staleAtMs: number } | null = null;
  return () => {
    if (last !== null && now() < last.staleAtMs) return last.answer;
    const made = { answer: make(), staleAtMs: Number.POSITIVE_INFINITY };
    last = made;
    made.answer.then(
      () => {
        made.staleAtMs = now() + freshMs;
      },
      () => {
        made.staleAtMs = 0;
      },
    );
    return made.answer;
  };
}
