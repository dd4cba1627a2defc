import type { Wire } from './wire.ts';

/** What is said of sums, over a link: beside its data, and read as long as that is. */
export interface SumsStream {
  /** False: it is taken, and no more should follow until `onDrain` calls. */
  write(chunk: Buffer): boolean;
  onDrain(act: () => void): void;
  onData(take: (chunk: Buffer) => void): void;
}

/** Bytes of one frame: what else goes over the link comes in between. */
const pieceBytes = 16 * 1024;

/**
 * Hands on as much as the link takes and keeps the rest until it takes more: a link is closed where more than that waits in it. Who writes on
 * although `write` says no is not stopped here.
 */
export function sumsStream(
  wire: Pick<Wire, 'writeSums' | 'onSumsDrain' | 'onSums' | 'isOpen'>,
): SumsStream {
  let waiting: Buffer[] = [];
  let isFull = false;
  let drained = () => {};

  function send(): void {
    let sent = 0;
    for (; !isFull && sent < waiting.length; sent++)
      isFull = !wire.writeSums(waiting[sent] ?? Buffer.alloc(0));
    waiting = wire.isOpen() ? waiting.slice(sent) : [];
  }

  wire.onSumsDrain(() => {
    if (!isFull) return;
    isFull = false;
    send();
    if (!isFull) drained();
  });
  return {
    write(chunk) {
      for (let at = 0; at < chunk.length; at += pieceBytes)
        waiting.push(chunk.subarray(at, at + pieceBytes));
      send();
      return !isFull;
    },
    onDrain(act) {
      drained = act;
    },
    onData: (take) => wire.onSums(take),
  };
}
