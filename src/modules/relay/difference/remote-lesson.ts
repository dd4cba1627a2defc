import { startTimer } from '../../../clock.ts';
import type { LessonChunk } from '../../../lesson/chunk.ts';
import type { DifferenceStep } from './messages.ts';

/** A chunk that came over a link: how old its entries are is not known exactly. */
export interface RemoteChunk extends LessonChunk {
  readonly uncertainMs: number;
}

/** The lesson that the other sidecar sends. */
export interface RemoteLesson {
  /** What the other side has said of it. */
  hear(step: DifferenceStep): void;
  /** Resolves when the other side is ready; rejects when it is not. */
  granted(): Promise<void>;
  /** The last update of each table that the session between the two does not bring. */
  marks(): ReadonlyMap<string, number>;
  /** Null: that was all. Rejects where it breaks off. */
  next(): Promise<RemoteChunk | null>;
  /** Whoever waits is told so. */
  fail(why: string): void;
}

/** Longer than a message can be that HAProxy sends, and what is read at once. */
const chunkLimit = 2 * 1024 * 1024;

export function createRemoteLesson(
  id: string,
  send: (step: DifferenceStep) => void,
  { now, answerMs }: { readonly now: () => number; readonly answerMs: number },
): RemoteLesson {
  let failure: string | null = null;
  let over = false;
  let isGranted = false;
  let marks: ReadonlyMap<string, number> = new Map();
  let parts: Buffer[] = [];
  let size = 0;
  let askedAtMs = 0;
  let ready: RemoteChunk | null = null;
  let wake: () => void = () => {};

  function fail(why: string): void {
    failure ??= why;
    wake();
  }

  function until(arrived: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = startTimer(() => fail(`no answer within ${answerMs} ms`), answerMs);
      wake = () => {
        if (failure === null && !arrived()) return;
        stop();
        wake = () => {};
        if (failure === null) resolve();
        else reject(new Error(failure));
      };
      wake();
    });
  }

  return {
    hear(step) {
      if (step.step === 'granted') {
        isGranted = true;
        marks = new Map((step.marks ?? []).map(({ table, last }) => [table, last]));
      }
      if (step.step === 'refused') return fail(step.why);
      if (step.step === 'end') {
        if (step.why !== null) return fail(`the peer's lesson broke off: ${step.why}`);
        over = true;
      }
      if (step.step === 'piece') {
        const part = Buffer.from(step.bytes, 'base64');
        parts.push(part);
        size += part.length;
        if (size > chunkLimit) return fail(`a chunk of more than ${chunkLimit} bytes`);
        if (step.last) {
          const wayMs = Math.max(0, now() - askedAtMs);
          const uncertainMs = step.uncertainMs + wayMs;
          ready = { bytes: Buffer.concat(parts), atMs: now() - step.ageMs, uncertainMs };
          parts = [];
          size = 0;
        }
      }
      wake();
    },
    marks: () => marks,
    granted: () => until(() => isGranted),
    async next() {
      askedAtMs = now();
      ready = null;
      if (!over) send({ step: 'more', id });
      await until(() => ready !== null || over);
      return ready;
    },
    fail,
  };
}
