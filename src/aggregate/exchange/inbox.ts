import { type Message, neededBytes, readMessage } from './messages.ts';

export interface Inbox {
  /** Calls `heard` for each message that is whole with it. Throws `UnreadableLesson`. */
  take(chunk: Buffer): void;
}

/** Messages of bytes that come in pieces. What comes in several is put together once, however many they are: a link hands on small ones. */
export function createInbox(heard: (message: Message) => void): Inbox {
  let pieces: Buffer[] = [];
  let have = 0;
  let need = 0;

  return {
    take(chunk) {
      pieces.push(chunk);
      have += chunk.length;
      if (have < need) return;
      const bytes = pieces.length === 1 ? chunk : Buffer.concat(pieces, have);
      let at = 0;
      for (let next = readMessage(bytes, at); next !== null; next = readMessage(bytes, at)) {
        heard(next.message);
        at = next.end;
      }
      const rest = bytes.subarray(at);
      pieces = rest.length > 0 ? [rest] : [];
      have = rest.length;
      need = neededBytes(rest);
    },
  };
}
