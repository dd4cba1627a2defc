import type { ByteStream } from '../../src/modules/relay/legs/byte-stream.ts';

/** One direction: what was written, and not delivered yet. */
function direction(enough: number) {
  let queue: Buffer[] = [];
  let bytes = 0;
  let take: (chunk: Buffer) => void = () => {};
  let drained: () => void = () => {};
  return {
    onData: (act: (chunk: Buffer) => void) => {
      take = act;
    },
    onDrain: (act: () => void) => {
      drained = act;
    },
    write(chunk: Buffer): boolean {
      queue.push(Buffer.from(chunk));
      bytes += chunk.length;
      return bytes < enough;
    },
    /** At most so many bytes arrive, cut anywhere. True: something did. */
    deliver(limit: number): boolean {
      if (bytes === 0) return false;
      const all = Buffer.concat(queue);
      const wasFull = bytes >= enough;
      queue = all.length > limit ? [all.subarray(limit)] : [];
      bytes = Math.max(0, all.length - limit);
      take(all.subarray(0, limit));
      if (wasFull && bytes < enough) drained();
      return true;
    },
  };
}

/** A stream in memory whose bytes arrive when a test says so. `enough`: bytes under way before a side should wait. */
export function memoryStreams(enough = 64 * 1024) {
  const [there, back] = [direction(enough), direction(enough)];
  const end = (
    out: ReturnType<typeof direction>,
    into: ReturnType<typeof direction>,
  ): ByteStream => ({
    write: out.write,
    onDrain: out.onDrain,
    onData: into.onData,
    pause: () => {},
    resume: () => {},
  });
  return {
    left: end(there, back),
    right: end(back, there),
    /** True: something has arrived, on either side. */
    deliver(limit = Number.POSITIVE_INFINITY): boolean {
      const one = there.deliver(limit);
      return back.deliver(limit) || one;
    },
  };
}

/** The same, whose bytes arrive by themselves, until it is cut. */
export function runningStreams() {
  const { left, right, deliver } = memoryStreams();
  let isCut = false;
  const running = (stream: ByteStream): ByteStream => ({
    ...stream,
    write(chunk) {
      setImmediate(() => {
        if (!isCut) deliver();
      });
      return stream.write(chunk);
    },
  });
  return {
    left: running(left),
    right: running(right),
    cut(): void {
      isCut = true;
    },
  };
}
