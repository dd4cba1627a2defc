import { sleep } from '../../../clock.ts';
import { errorMessage } from '../../../errors.ts';

/** It is read anew for a handshake that comes later than this, in milliseconds. */
const freshMs = 250;
/** A file that does not come: what was read before is taken. */
const patienceMs = 2000;

export interface FreshOptions<T> {
  /** Rejects where there is nothing that can be used. */
  readonly read: () => Promise<T>;
  readonly now: () => number;
  readonly trouble: (why: string) => void;
}

/**
 * What is in force, for each handshake: one read at a time, whoever asks. Where it cannot be read, what was read last;
 * undefined where nothing ever was.
 */
export function createFresh<T>({
  read,
  now,
  trouble,
}: FreshOptions<T>): () => Promise<T | undefined> {
  let value: T | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function readAnew(): Promise<void> {
    try {
      value = await read();
    } catch (error) {
      trouble(errorMessage(error));
    }
    readAtMs = now();
    reading = undefined;
  }

  return async () => {
    if (now() - readAtMs < freshMs) return value;
    reading ??= readAnew();
    const stop = new AbortController();
    const late = sleep(patienceMs, stop.signal).then(
      () => trouble(`not read within ${patienceMs} ms`),
      () => {},
    );
    await Promise.race([reading, late]);
    stop.abort();
    return value;
  };
}
