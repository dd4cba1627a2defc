import { bodyLength, headBytes, headLength } from './frames.ts';
import { stickTable, stickTypes } from './messages.ts';

/** Counts what passes, by the heads of the messages alone, wherever the stream is cut into chunks. */
export interface UpdateCounter {
  /** Entries of stick tables so far. */
  readonly updates: number;
  /** Messages so far that are neither updates nor confirmations of updates. */
  readonly others: number;
  /** What came last ends within a message. */
  readonly within: boolean;
  /** From here on the stream was not that of the peers protocol: nothing more is counted. */
  readonly broken: boolean;
  take(chunk: Buffer): void;
}

const { ack, update, incrementalUpdate, timedUpdate, timedIncrementalUpdate } = stickTypes;
const isUpdate = Array.from({ length: 256 }, (_, type) =>
  [update, incrementalUpdate, timedUpdate, timedIncrementalUpdate].some((one) => one === type),
);

/** From here on a length takes more than one byte (`varint.ts`). */
const longLength = 240;

export function countUpdates(): UpdateCounter {
  let updates = 0;
  let others = 0;
  let broken = false;
  /** Bytes of a body that are still to come. */
  let skip = 0;
  /** The beginning of a head whose end is in the next chunk. */
  let begun: Buffer | null = null;

  /** Where the message at `at` ends, maybe far behind these bytes; null: its head is not all there, or it is none. */
  function passOne(bytes: Buffer, at: number): number | null {
    const head = headLength(bytes, at);
    if (head < 0) broken = true;
    if (head === 0) begun = Buffer.from(bytes.subarray(at));
    if (head <= 0) return null;
    const type = bytes[at + 1] ?? 0;
    if (bytes[at] !== stickTable) others += 1;
    else if (isUpdate[type]) updates += 1;
    else if (type !== ack) others += 1;
    return at + head + bodyLength(bytes, at, head);
  }

  /** Where in `chunk` the first message begins that is not counted yet; it completes a head that began before. */
  function firstIn(chunk: Buffer): number | null {
    if (begun === null) return skip;
    const before = begun.length;
    const together = Buffer.concat([begun, chunk.subarray(0, headBytes)]);
    begun = null;
    const end = passOne(together, 0);
    return end === null ? null : end - before;
  }

  return {
    get updates() {
      return updates;
    },
    get others() {
      return others;
    },
    get within() {
      return skip > 0 || begun !== null;
    },
    get broken() {
      return broken;
    },
    take(chunk) {
      if (broken) return;
      let at = firstIn(chunk);
      const { length } = chunk;
      while (at !== null && at < length) {
        const bodyBytes = chunk[at + 2] ?? 255;
        // Nearly all messages of a lesson: a call for each would cost more than all else that the relay does with them.
        if (bodyBytes < longLength && chunk[at] === stickTable && isUpdate[chunk[at + 1] ?? 0]) {
          updates += 1;
          at += 3 + bodyBytes;
        } else at = passOne(chunk, at);
      }
      skip = at === null ? 0 : at - chunk.length;
    },
  };
}
