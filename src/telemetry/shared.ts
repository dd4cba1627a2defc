import { monotonicNow } from '../clock.ts';

/**
 * One answer for all who ask while it is made, and for `freshMs` after: a hundred who ask in one moment cost what one
 * costs. A failure is told to those who wait for it, and made anew for the next.
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
