import { startTimer } from '../../../clock.ts';

/** What a pupil asks its teacher for, chunk by chunk. */
export interface Requests {
  readonly id: string;
  /** It asks for one more. */
  more(): void;
  /** It wants no more, or is gone. */
  end(): void;
  /** Resolves when it has asked; rejects when it does not within the limit, or wants no more. */
  next(): Promise<void>;
}

export function createRequests(id: string, limitMs: number): Requests {
  let asked = 0;
  let isOver = false;
  let wake = () => {};
  return {
    id,
    more() {
      asked += 1;
      wake();
    },
    end() {
      isOver = true;
      wake();
    },
    next: () =>
      new Promise((resolve, reject) => {
        const late = () => finish(new Error(`the peer has not gone on within ${limitMs} ms`));
        const stop = startTimer(late, limitMs);
        function finish(error?: Error): void {
          stop();
          wake = () => {};
          if (error === undefined) resolve();
          else reject(error);
        }
        wake = () => {
          if (isOver) return finish(new Error('the peer wants no more'));
          if (asked === 0) return;
          asked -= 1;
          finish();
        };
        wake();
      }),
  };
}
